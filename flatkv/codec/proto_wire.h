// The part of protobuf's wire form that the hand-written codecs need: varints, and fields off the
// front of a message. Encoding: https://protobuf.dev/programming-guides/encoding/
//
// Thread safety: pure functions and a value type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace flatkv {

// The longest varint.
inline constexpr size_t kVarintBytesMax = 10;

enum class WireType : uint8_t { kVarint = 0, kContent = 2 };
// Of fields 1 to 15, which are one byte.
constexpr char WireTag(int field, WireType type) {
  return static_cast<char>(field << 3 | static_cast<int>(type));
}

inline size_t VarintBytes(uint64_t value) {
  size_t bytes = 1;
  for (; value >= 0x80; value >>= 7) {
    ++bytes;
  }
  return bytes;
}

inline void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) {
    out->push_back(static_cast<char>(value | 0x80));
  }
  out->push_back(static_cast<char>(value));
}

// Takes a varint off the front. False for one that is cut off, has more than 64 bits or a last byte
// that says nothing; `rest` is then undefined.
inline bool TakeVarint(std::string_view* rest, uint64_t* value) {
  *value = 0;
  for (unsigned shift = 0; shift < 64 && !rest->empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(rest->front());
    rest->remove_prefix(1);
    if ((shift == 63 && byte > 1) || (shift > 0 && byte == 0)) {
      return false;
    }
    *value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) {
      return true;
    }
  }
  return false;
}

// Takes a length and as many bytes off the front. False if they are not there.
inline bool TakeContent(std::string_view* rest, std::string_view* content) {
  uint64_t length = 0;
  if (!TakeVarint(rest, &length) || length > rest->size()) {
    return false;
  }
  *content = rest->substr(0, length);
  rest->remove_prefix(length);
  return true;
}

}  // namespace flatkv
