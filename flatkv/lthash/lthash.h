// LtHash16-1024: the lattice vector whose checksum is a root.
//
// The vector is the lane-wise sum mod 2^16 of expand(row) over all rows, so adding and removing
// rows commute and a commit costs only the rows it touches. Construction: Bellare and Micciancio
// 1997; parameters as in Lewi, Kim, Maykov, Weis, "Securing Update Propagation with Homomorphic
// Hashing", IACR ePrint 2019/227. Bytes: docs/format.md, "LtHash".
//
// Thread safety: a value type.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "flatkv/base/types.h"

namespace flatkv {

class LtHash {
 public:
  static constexpr size_t kLanes = 1024;
  static constexpr size_t kSizeBytes = 2 * kLanes;

  // The vector of the empty set: all lanes zero.
  LtHash() = default;

  // Lane-wise sums mod 2^16.
  LtHash& operator+=(const LtHash& other);
  LtHash& operator-=(const LtHash& other);
  bool operator==(const LtHash& other) const = default;
  bool IsZero() const;

  // The stored form: 1024 little-endian 16-bit lanes. Valid while this object lives.
  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(lanes_.data()), kSizeBytes};
  }
  // REQUIRES: bytes.size() == kSizeBytes.
  static LtHash FromBytes(std::string_view bytes);

  uint16_t* lanes() { return lanes_.data(); }
  const uint16_t* lanes() const { return lanes_.data(); }

 private:
  alignas(64) std::array<uint16_t, kLanes> lanes_{};
};

}  // namespace flatkv
