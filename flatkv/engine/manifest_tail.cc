#include "flatkv/engine/manifest_tail.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "flatkv/base/endian.h"

namespace flatkv {
namespace {

constexpr size_t kBlockBytes = 32768;
constexpr size_t kHeaderBytes = 4 + 2 + 1;
constexpr uint8_t kFull = 1;
constexpr uint8_t kFirst = 2;
constexpr uint8_t kLast = 4;

// CRC-32C (Castagnoli), reflected, one byte at a time: a MANIFEST is read once, at open.
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

uint32_t MaskedCrc(std::string_view bytes) {
  uint32_t crc = 0xffffffffu;
  for (const char byte : bytes) {
    crc = (crc >> 8) ^ kCrcTable[(crc ^ static_cast<uint8_t>(byte)) & 0xff];
  }
  crc = ~crc;
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

size_t BlockBytesLeft(size_t at) { return kBlockBytes - at % kBlockBytes; }

// The size with header of the sound piece at `at`; 0 if there is none.
size_t PieceBytes(std::string_view manifest, size_t at) {
  const size_t room = std::min(BlockBytesLeft(at), manifest.size() - at);
  if (room < kHeaderBytes) {
    return 0;
  }
  const char* const header = manifest.data() + at;
  const size_t size = kHeaderBytes + LoadLe16(header + 4);
  const uint8_t type = static_cast<uint8_t>(header[6]);
  if (type < kFull || type > kLast || size > room ||
      LoadLe32(header) != MaskedCrc(manifest.substr(at + 6, size - 6))) {
    return 0;
  }
  return size;
}

bool RecordBeginsAfter(std::string_view manifest, size_t at) {
  for (size_t i = at + 1; i + kHeaderBytes <= manifest.size(); ++i) {
    const uint8_t type = static_cast<uint8_t>(manifest[i + 6]);
    if ((type == kFull || type == kFirst) && PieceBytes(manifest, i) != 0) {
      return true;
    }
  }
  return false;
}

}  // namespace

size_t BytesBeforeTornTail(std::string_view manifest) {
  size_t at = 0;
  while (at < manifest.size()) {
    if (BlockBytesLeft(at) < kHeaderBytes) {
      at += BlockBytesLeft(at);
      continue;
    }
    const size_t size = PieceBytes(manifest, at);
    if (size == 0) {
      return RecordBeginsAfter(manifest, at) ? manifest.size() : at;
    }
    at += size;
  }
  return manifest.size();
}

}  // namespace flatkv
