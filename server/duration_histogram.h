// Counts of durations in buckets from 1 ms to 10 s, as Prometheus has them.
//
// Thread safety: none.
#pragma once

#include <prometheus/client_metric.h>

#include <array>
#include <chrono>
#include <cstdint>

namespace flatkv::server {

class DurationHistogram {
 public:
  void Observe(std::chrono::nanoseconds duration) {
    const double seconds = std::chrono::duration<double>(duration).count();
    size_t bucket = 0;
    while (bucket < kUpperBounds.size() && seconds > kUpperBounds[bucket]) {
      ++bucket;
    }
    ++counts_[bucket];
    sum_seconds_ += seconds;
  }

  prometheus::ClientMetric::Histogram Collect() const {
    prometheus::ClientMetric::Histogram histogram;
    for (size_t i = 0; i < kUpperBounds.size(); ++i) {
      histogram.sample_count += counts_[i];
      histogram.bucket.push_back(
          {.cumulative_count = histogram.sample_count, .upper_bound = kUpperBounds[i]});
    }
    histogram.sample_count += counts_.back();
    histogram.sample_sum = sum_seconds_;
    return histogram;
  }

 private:
  static constexpr std::array<double, 13> kUpperBounds = {
      0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10};

  std::array<uint64_t, kUpperBounds.size() + 1> counts_{};  // the last: above every bound
  double sum_seconds_ = 0;
};

}  // namespace flatkv::server
