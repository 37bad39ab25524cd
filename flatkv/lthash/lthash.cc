#include "flatkv/lthash/lthash.h"

#include <algorithm>
#include <cstring>

#include "flatkv/base/check.h"
#include "flatkv/base/endian.h"

namespace flatkv {

static_assert(sizeof(LtHash) == LtHash::kSizeBytes);

LtHash& LtHash::operator+=(const LtHash& other) {
  for (size_t i = 0; i < kLanes; ++i) {
    lanes_[i] = static_cast<uint16_t>(lanes_[i] + other.lanes_[i]);
  }
  return *this;
}

LtHash& LtHash::operator-=(const LtHash& other) {
  for (size_t i = 0; i < kLanes; ++i) {
    lanes_[i] = static_cast<uint16_t>(lanes_[i] - other.lanes_[i]);
  }
  return *this;
}

bool LtHash::IsZero() const {
  return std::all_of(lanes_.begin(), lanes_.end(), [](uint16_t lane) { return lane == 0; });
}

LtHash LtHash::FromBytes(std::string_view bytes) {
  FLATKV_CHECK(bytes.size() == kSizeBytes);
  LtHash hash;
  std::memcpy(hash.lanes_.data(), bytes.data(), kSizeBytes);
  return hash;
}

}  // namespace flatkv
