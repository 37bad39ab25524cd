// Cuts the rows of a state, which come in order, into chunks. Where a chunk ends depends on the
// rows alone, so that the same version gives the same chunks.
//
// Thread safety: none.
#pragma once

#include <optional>
#include <string_view>

#include "flatkv/archive/chunk.h"

namespace flatkv {

class ChunkCutter {
 public:
  // The first chunk is number `chunks_before` + 1.
  explicit ChunkCutter(uint32_t chunks_before) : number_(chunks_before) {}

  // The next row. Gives the chunk that is full without it.
  std::optional<RawChunk> Add(DataDb db, std::string_view key, std::string_view value);
  // The last chunk, if there are rows left.
  std::optional<RawChunk> Finish();

 private:
  uint32_t number_;
  RawChunk chunk_;
};

}  // namespace flatkv
