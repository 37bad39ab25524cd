// The framing of LevelDB's log files, which a MANIFEST has too.
//
// Format: LevelDB doc/log_format.md. Blocks of 32 KiB; a record is FULL or split over blocks as
// FIRST, MIDDLE*, LAST; each piece has the masked CRC-32C of type and payload (4 bytes), the
// payload's length (2) and the type (1), little-endian. The last bytes of a block that have no room
// for a header are zero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/base/status.h"

namespace flatkv {

inline constexpr size_t kLogBlockBytes = 32768;
inline constexpr size_t kLogHeaderBytes = 4 + 2 + 1;

enum class LogPieceType : uint8_t { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

struct LogPiece {
  LogPieceType type = LogPieceType::kFull;
  std::string_view payload;  // of the log's bytes

  size_t size_bytes() const { return kLogHeaderBytes + payload.size(); }
};

// The checksum of a piece: `bytes` is its type and payload.
uint32_t MaskedLogCrc(std::string_view bytes);

// From offset `at` to the end of its block.
size_t LogBlockBytesLeft(size_t at);

// The sound piece at offset `at`, if there is one. REQUIRES: at <= log.size().
std::optional<LogPiece> LogPieceAt(std::string_view log, size_t at);

// The records of a log that is whole and sound to its last byte. Errors: kDataLoss, naming the
// offset.
StatusOr<std::vector<std::string>> ReadLogRecords(std::string_view log);

}  // namespace flatkv
