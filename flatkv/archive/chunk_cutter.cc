#include "flatkv/archive/chunk_cutter.h"

#include <utility>

#include "flatkv/codec/keys.h"

namespace flatkv {

std::optional<RawChunk> ChunkCutter::Add(DataDb db, std::string_view key, std::string_view value) {
  const std::string_view module = ModuleOf(key);
  std::optional<RawChunk> full;
  if (chunk_.rows > 0 && (chunk_.db != db || chunk_.module != module ||
                          chunk_.text.size() + RawChunk::RowBytes(key, value) > kChunkBytesMax)) {
    full = Finish();
  }
  if (chunk_.rows == 0) {
    chunk_.number = ++number_;
    chunk_.db = db;
    chunk_.module = module;
  }
  chunk_.Add(key, value);
  return full;
}

std::optional<RawChunk> ChunkCutter::Finish() {
  return chunk_.rows == 0 ? std::nullopt : std::optional(std::exchange(chunk_, RawChunk()));
}

}  // namespace flatkv
