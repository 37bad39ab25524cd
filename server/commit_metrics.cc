#include "server/commit_metrics.h"

#include <chrono>
#include <string_view>

#include "server/grpc_status.h"
#include "server/metric_list.h"

namespace flatkv::server {
namespace {

struct Phase {
  std::string_view name;
  std::chrono::nanoseconds CommitTimings::*time;
};

constexpr std::array<Phase, 6> kCommitPhases = {{{"classify", &CommitTimings::classify},
                                                 {"rows", &CommitTimings::rows},
                                                 {"log", &CommitTimings::log},
                                                 {"sync", &CommitTimings::sync},
                                                 {"publish", &CommitTimings::publish},
                                                 {"wait", &CommitTimings::wait}}};

}  // namespace

uint64_t UpdatesOf(const ChangeSets& changes) {
  uint64_t updates = 0;
  for (const NamedChangeSet& named : changes) {
    updates += named.pairs.size();
  }
  return updates;
}

void CommitMetrics::Committed(const CommitResult& result, uint64_t updates) {
  static_assert(kCommitPhases.size() == kPhases);
  MutexLock lock(mu_);
  if (result.already_committed) {
    ++repeats_;
    return;
  }
  ++commits_;
  updates_ += updates;
  if (applied_version_ == result.version) {
    updates_ += applied_updates_;
    applied_updates_ = 0;
  }
  total_.Observe(result.timings.total);
  for (size_t i = 0; i < kPhases; ++i) {
    phases_[i].Observe(result.timings.*(kCommitPhases[i].time));
  }
}

void CommitMetrics::Applied(Version version, uint64_t updates) {
  MutexLock lock(mu_);
  if (applied_version_ != version) {
    applied_version_ = version;
    applied_updates_ = 0;
  }
  applied_updates_ += updates;
}

void CommitMetrics::Discarded() {
  MutexLock lock(mu_);
  applied_updates_ = 0;
}

void CommitMetrics::Failed(const Status& status) {
  const std::pair<std::string_view, std::string_view> kind = {
      CodeName(static_cast<int>(status.code())), ReasonName(ReasonOf(status))};
  MutexLock lock(mu_);
  ++failures_[kind];
}

std::vector<prometheus::MetricFamily> CommitMetrics::Collect() const {
  MetricList list;
  MutexLock lock(mu_);
  list.Counter("flatkv_commits_total", "Versions committed since the start of the daemon.",
               static_cast<double>(commits_));
  list.Counter("flatkv_commit_repeats_total",
               "Commits of a version that was committed already, with the same content.",
               static_cast<double>(repeats_));
  list.Counter("flatkv_commit_updates_total",
               "Key updates, deletes included, of the versions committed since the start.",
               static_cast<double>(updates_));
  for (const auto& [kind, count] : failures_) {
    list.Counter("flatkv_commit_failures_total",
                 "Commits, or changes for one, that were refused or failed, by gRPC code and "
                 "ErrorDetail reason.",
                 static_cast<double>(count), {{"code", kind.first}, {"reason", kind.second}});
  }
  list.Histogram("flatkv_commit_seconds", "Time of a commit in the store.", total_.Collect());
  for (size_t i = 0; i < kPhases; ++i) {
    list.Histogram("flatkv_commit_phase_seconds",
                   "Time of one phase of a commit; wait is back-pressure by a full overlay.",
                   phases_[i].Collect(), {{"phase", kCommitPhases[i].name}});
  }
  return list.Take();
}

}  // namespace flatkv::server
