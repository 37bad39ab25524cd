// The blocks of the measured part of a run: latencies, phases, throughput, and all that over time.
//
// Thread safety: one thread at a time.
#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "bench/commit_driver.h"
#include "bench/percentiles.h"

namespace flatkv::bench {

class Recorder {
 public:
  explicit Recorder(Clock::time_point start) : start_(start), last_end_(start) {}

  void Add(const CommittedBlock& block);

  uint64_t blocks() const { return samples_.size(); }
  uint64_t updates() const { return updates_; }
  // The time in which at least one block was handed over and not acknowledged: without the time
  // between two blocks of a run that sends them one by one.
  double busy_seconds() const { return Seconds(busy_); }

  // {"block": {p50_ms, p99_ms, max_ms, mean_ms}, "classify": ...}; the phases only where the driver
  // knows them.
  nlohmann::json Latency();
  // One object for each `interval` of wall time with a block in it: {at_s, blocks,
  // updates_per_second, p50_ms, p99_ms, max_ms}. Throughput is over busy time.
  nlohmann::json Series(std::chrono::seconds interval) const;

 private:
  struct Sample {
    std::chrono::nanoseconds end;  // since the start
    std::chrono::nanoseconds latency;
    std::chrono::nanoseconds busy;
    uint64_t updates;
  };
  struct Phase {
    const char* name;
    std::chrono::nanoseconds CommitTimings::*member;
    Percentiles samples;
  };

  const Clock::time_point start_;
  Clock::time_point last_end_;
  std::chrono::nanoseconds busy_{};
  uint64_t updates_ = 0;
  std::vector<Sample> samples_;
  std::array<Phase, 6> phases_ = {{{"classify", &CommitTimings::classify, {}},
                                   {"rows", &CommitTimings::rows, {}},
                                   {"log", &CommitTimings::log, {}},
                                   {"sync", &CommitTimings::sync, {}},
                                   {"publish", &CommitTimings::publish, {}},
                                   {"wait", &CommitTimings::wait, {}}}};
};

}  // namespace flatkv::bench
