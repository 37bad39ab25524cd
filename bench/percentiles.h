// Order statistics of a set of samples.
#pragma once

#include <algorithm>
#include <vector>

namespace flatkv::bench {

class Percentiles {
 public:
  void Add(double sample) { samples_.push_back(sample); }
  // The smallest sample that at least `share` of all samples do not exceed; 0 without samples.
  double At(double share) {
    if (samples_.empty()) {
      return 0;
    }
    std::sort(samples_.begin(), samples_.end());
    const auto rank = static_cast<size_t>(share * static_cast<double>(samples_.size() - 1) + 0.5);
    return samples_[rank];
  }
  double Max() { return At(1.0); }

 private:
  std::vector<double> samples_;
};

}  // namespace flatkv::bench
