// Ranks that follow Zipf's law: rank k is drawn in proportion to 1 / (k + 1)^exponent. After Gray
// et al., "Quickly generating billion-record synthetic databases", SIGMOD 1994, as YCSB has it: the
// first two ranks are exact, the others close.
#pragma once

#include <cstdint>

namespace flatkv::bench {

// Const after construction.
class Zipf {
 public:
  // Takes O(count). REQUIRES: count > 0, 0 < exponent < 1.
  Zipf(uint64_t count, double exponent);

  // The rank, 0 .. count - 1, for a uniformly random 0 <= u < 1.
  uint64_t Rank(double u) const;

 private:
  uint64_t count_;
  double zeta_ = 0;  // the sum of all 1 / k^exponent
  double second_;    // 1 + 1 / 2^exponent
  double alpha_;
  double eta_;
};

}  // namespace flatkv::bench
