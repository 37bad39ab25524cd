#include "bench/zipf.h"

#include <algorithm>
#include <cmath>

namespace flatkv::bench {

Zipf::Zipf(uint64_t count, double exponent)
    : count_(count), second_(1 + std::pow(0.5, exponent)), alpha_(1 / (1 - exponent)) {
  for (uint64_t k = 1; k <= count; ++k) {
    zeta_ += 1 / std::pow(static_cast<double>(k), exponent);
  }
  eta_ = (1 - std::pow(2 / static_cast<double>(count), 1 - exponent)) / (1 - second_ / zeta_);
}

uint64_t Zipf::Rank(double u) const {
  const double uz = u * zeta_;
  if (uz < 1) {
    return 0;
  }
  // With two ranks or fewer the formula below has no meaning.
  if (uz < second_ || count_ <= 2) {
    return std::min<uint64_t>(1, count_ - 1);
  }
  const double rank = static_cast<double>(count_) * std::pow(eta_ * u - eta_ + 1, alpha_);
  return std::min(static_cast<uint64_t>(rank), count_ - 1);
}

}  // namespace flatkv::bench
