#include "flatkv/engine/leveldb_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "flatkv/base/endian.h"

namespace flatkv {
namespace {

// CRC-32C (Castagnoli), reflected, one byte at a time: a MANIFEST is read once an open and once a
// checkpoint.
constexpr std::array<uint32_t, 256> MakeCrcTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
    }
    table[i] = crc;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kCrcTable = MakeCrcTable();

bool IsZero(std::string_view bytes) { return bytes.find_first_not_of('\0') == bytes.npos; }

bool BeginsRecord(LogPieceType type) {
  return type == LogPieceType::kFull || type == LogPieceType::kFirst;
}

bool EndsRecord(LogPieceType type) {
  return type == LogPieceType::kFull || type == LogPieceType::kLast;
}

}  // namespace

uint32_t MaskedLogCrc(std::string_view bytes) {
  uint32_t crc = 0xffffffffu;
  for (const char byte : bytes) {
    crc = (crc >> 8) ^ kCrcTable[(crc ^ static_cast<uint8_t>(byte)) & 0xff];
  }
  crc = ~crc;
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

size_t LogBlockBytesLeft(size_t at) { return kLogBlockBytes - at % kLogBlockBytes; }

std::optional<LogPiece> LogPieceAt(std::string_view log, size_t at) {
  const size_t room = std::min(LogBlockBytesLeft(at), log.size() - at);
  if (room < kLogHeaderBytes) {
    return std::nullopt;
  }
  const char* const header = log.data() + at;
  const size_t size = kLogHeaderBytes + LoadLe16(header + 4);
  const uint8_t type = static_cast<uint8_t>(header[6]);
  if (type < static_cast<uint8_t>(LogPieceType::kFull) ||
      type > static_cast<uint8_t>(LogPieceType::kLast) || size > room ||
      LoadLe32(header) != MaskedLogCrc(log.substr(at + 6, size - 6))) {
    return std::nullopt;
  }
  return LogPiece{static_cast<LogPieceType>(type),
                  log.substr(at + kLogHeaderBytes, size - kLogHeaderBytes)};
}

StatusOr<std::vector<std::string>> ReadLogRecords(std::string_view log) {
  std::vector<std::string> records;
  std::string record;
  bool inside = false;
  size_t at = 0;
  while (at < log.size()) {
    if (const size_t left = LogBlockBytesLeft(at); left < kLogHeaderBytes) {
      // LevelDB writes the filling together with the piece behind it.
      if (log.size() - at <= left || !IsZero(log.substr(at, left))) {
        return DataLoss(fmt::format("log: no filling at offset {}", at));
      }
      at += left;
      continue;
    }
    const std::optional<LogPiece> piece = LogPieceAt(log, at);
    if (!piece.has_value()) {
      return DataLoss(fmt::format("log: no sound record at offset {} of {}", at, log.size()));
    }
    if (BeginsRecord(piece->type) == inside) {
      return DataLoss(fmt::format("log: pieces out of order at offset {}", at));
    }
    record += piece->payload;
    inside = !EndsRecord(piece->type);
    if (!inside) {
      records.push_back(std::move(record));
      record.clear();
    }
    at += piece->size_bytes();
  }
  if (inside) {
    return DataLoss(fmt::format("log: ends inside a record at offset {}", at));
  }
  return records;
}

}  // namespace flatkv
