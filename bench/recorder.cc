#include "bench/recorder.h"

#include <algorithm>

namespace flatkv::bench {
namespace {

nlohmann::json Summary(Percentiles& samples) {
  return {{"p50_ms", samples.At(0.5)},
          {"p99_ms", samples.At(0.99)},
          {"max_ms", samples.Max()},
          {"mean_ms", samples.Mean()}};
}

}  // namespace

void Recorder::Add(const CommittedBlock& block) {
  const auto busy = block.end - std::max(block.start, last_end_);
  samples_.push_back({block.end - start_, block.end - block.start, busy, block.updates});
  last_end_ = block.end;
  busy_ += busy;
  updates_ += block.updates;
  if (block.timings.has_value()) {
    for (Phase& phase : phases_) {
      phase.samples.Add(Milliseconds((*block.timings).*phase.member));
    }
  }
}

nlohmann::json Recorder::Latency() {
  Percentiles latencies;
  for (const Sample& sample : samples_) {
    latencies.Add(Milliseconds(sample.latency));
  }
  nlohmann::json json;
  json["block"] = Summary(latencies);
  for (Phase& phase : phases_) {
    if (phase.samples.count() > 0) {
      json[phase.name] = Summary(phase.samples);
    }
  }
  return json;
}

nlohmann::json Recorder::Series(std::chrono::seconds interval) const {
  nlohmann::json series = nlohmann::json::array();
  for (size_t i = 0; i < samples_.size();) {
    const auto window = samples_[i].end / interval;
    Percentiles latencies;
    std::chrono::nanoseconds busy{};
    uint64_t updates = 0;
    for (; i < samples_.size() && samples_[i].end / interval == window; ++i) {
      latencies.Add(Milliseconds(samples_[i].latency));
      busy += samples_[i].busy;
      updates += samples_[i].updates;
    }
    nlohmann::json point = Summary(latencies);
    point["at_s"] = window * interval.count();
    point["blocks"] = latencies.count();
    point["updates_per_second"] =
        busy.count() == 0 ? 0 : static_cast<double>(updates) / Seconds(busy);
    series.push_back(std::move(point));
  }
  return series;
}

}  // namespace flatkv::bench
