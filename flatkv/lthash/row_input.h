// The bytes that a row is hashed as: le32(len key) key le32(len value) value (docs/format.md,
// "LtHash").
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

#include "flatkv/base/check.h"
#include "flatkv/base/endian.h"
#include "flatkv/lthash/row_hasher.h"

namespace flatkv::internal {

inline size_t RowInputSize(const RowElement& row) {
  return 2 * sizeof(uint32_t) + row.key.size() + row.value.size();
}

// Writes the RowInputSize(row) bytes to `out` and returns the end. For rows whose lengths fit 32
// bits.
inline uint8_t* PackRowInput(const RowElement& row, uint8_t* out) {
  for (const std::string_view part : {row.key, row.value}) {
    StoreLe32(out, static_cast<uint32_t>(part.size()));
    out += sizeof(uint32_t);
    // memcpy from a null view is undefined even for no bytes.
    if (!part.empty()) std::memcpy(out, part.data(), part.size());
    out += part.size();
  }
  return out;
}

// The same bytes as four pieces, for hashers that take a stream. Borrows the row's bytes.
class RowInputPieces {
 public:
  // A key or value that no 32-bit length can state is a bug of the caller.
  explicit RowInputPieces(const RowElement& row) : key_(row.key), value_(row.value) {
    FLATKV_CHECK(key_.size() <= std::numeric_limits<uint32_t>::max());
    FLATKV_CHECK(value_.size() <= std::numeric_limits<uint32_t>::max());
    StoreLe32(key_size_.data(), static_cast<uint32_t>(key_.size()));
    StoreLe32(value_size_.data(), static_cast<uint32_t>(value_.size()));
  }

  // Valid while this object and the row's bytes live.
  std::array<std::string_view, 4> pieces() const {
    return {std::string_view(key_size_.data(), key_size_.size()), key_,
            std::string_view(value_size_.data(), value_size_.size()), value_};
  }

 private:
  std::array<char, sizeof(uint32_t)> key_size_;
  std::array<char, sizeof(uint32_t)> value_size_;
  std::string_view key_;
  std::string_view value_;
};

}  // namespace flatkv::internal
