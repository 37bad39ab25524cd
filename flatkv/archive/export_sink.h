// Where the chunks of an export go.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "flatkv/archive/archive_manifest.h"
#include "flatkv/archive/chunk.h"
#include "flatkv/base/status.h"

namespace flatkv {

// Behind which chunk an export begins: what is there already is not made again.
struct ExportPosition {
  uint32_t chunks = 0;  // 0: from the start, and the next two say nothing
  DataDb db = DataDb::kAccount;
  std::string last_key;
};

// One call at a time, in this order; an error ends the export with it.
class ExportSink {
 public:
  virtual ~ExportSink() = default;
  // What is exported, without the chunks.
  virtual Status Begin(const ArchiveManifest& manifest, std::string_view payload) = 0;
  // `bytes` is valid for the call.
  virtual Status AddChunk(const ChunkInfo& info, std::string_view bytes) = 0;
};

}  // namespace flatkv
