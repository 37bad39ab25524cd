// Exact order statistics of a set of samples.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace flatkv::bench {

class Percentiles {
 public:
  void Add(double sample) {
    samples_.push_back(sample);
    sorted_ = false;
  }
  size_t count() const { return samples_.size(); }
  // The smallest sample that at least `share` of all samples do not exceed (nearest rank); 0
  // without samples. 0 <= share <= 1.
  double At(double share) {
    if (samples_.empty()) {
      return 0;
    }
    if (!sorted_) {
      std::sort(samples_.begin(), samples_.end());
      sorted_ = true;
    }
    // Rounding must not lift a whole number: 0.99 * 100 is a little more than 99.
    const double rank = std::ceil(share * static_cast<double>(samples_.size()) - 1e-6);
    return samples_[rank < 1 ? 0 : std::min(static_cast<size_t>(rank), samples_.size()) - 1];
  }
  double Max() { return At(1.0); }
  double Sum() const {
    double sum = 0;
    for (const double sample : samples_) {
      sum += sample;
    }
    return sum;
  }
  double Mean() const {
    return samples_.empty() ? 0 : Sum() / static_cast<double>(samples_.size());
  }

 private:
  std::vector<double> samples_;
  bool sorted_ = false;
};

}  // namespace flatkv::bench
