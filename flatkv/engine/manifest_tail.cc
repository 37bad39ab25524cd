#include "flatkv/engine/manifest_tail.h"

#include <optional>

#include "flatkv/engine/leveldb_log.h"

namespace flatkv {
namespace {

bool RecordBeginsAfter(std::string_view manifest, size_t at) {
  for (size_t i = at + 1; i + kLogHeaderBytes <= manifest.size(); ++i) {
    const auto type = static_cast<LogPieceType>(manifest[i + 6]);
    // Looks at the type first: the checksum of every offset would be slow.
    if ((type == LogPieceType::kFull || type == LogPieceType::kFirst) &&
        LogPieceAt(manifest, i).has_value()) {
      return true;
    }
  }
  return false;
}

}  // namespace

size_t BytesBeforeTornTail(std::string_view manifest) {
  size_t at = 0;
  while (at < manifest.size()) {
    if (LogBlockBytesLeft(at) < kLogHeaderBytes) {
      at += LogBlockBytesLeft(at);
      continue;
    }
    const std::optional<LogPiece> piece = LogPieceAt(manifest, at);
    if (!piece.has_value()) {
      return RecordBeginsAfter(manifest, at) ? manifest.size() : at;
    }
    at += piece->size_bytes();
  }
  return manifest.size();
}

}  // namespace flatkv
