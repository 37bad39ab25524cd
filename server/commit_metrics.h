// Counters and times of commits, kept as they come: flatkv_commit*.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <prometheus/collectable.h>

#include <array>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "flatkv/base/mutex.h"
#include "flatkv/store/store.h"
#include "server/duration_histogram.h"

namespace flatkv::server {

// The pairs of change sets, deletes included.
uint64_t UpdatesOf(const ChangeSets& changes);

class CommitMetrics final : public prometheus::Collectable {
 public:
  // A commit with `updates` of its own, beside those applied to its version before.
  void Committed(const CommitResult& result, uint64_t updates) EXCLUDES(mu_);
  // Changes were applied to `version`; they count when it is committed. A repeated call counts
  // twice, as nothing tells it from another one.
  void Applied(Version version, uint64_t updates) EXCLUDES(mu_);
  void Discarded() EXCLUDES(mu_);
  // A commit, or changes for one, that was refused or failed. REQUIRES: !status.ok().
  void Failed(const Status& status) EXCLUDES(mu_);

  std::vector<prometheus::MetricFamily> Collect() const override EXCLUDES(mu_);

 private:
  static constexpr size_t kPhases = 6;

  mutable Mutex mu_;
  uint64_t commits_ GUARDED_BY(mu_) = 0;
  uint64_t repeats_ GUARDED_BY(mu_) = 0;
  uint64_t updates_ GUARDED_BY(mu_) = 0;
  Version applied_version_ GUARDED_BY(mu_) = 0;
  uint64_t applied_updates_ GUARDED_BY(mu_) = 0;
  DurationHistogram total_ GUARDED_BY(mu_);
  std::array<DurationHistogram, kPhases> phases_ GUARDED_BY(mu_);
  // By the names of code and reason, which are constants.
  std::map<std::pair<std::string_view, std::string_view>, uint64_t> failures_ GUARDED_BY(mu_);
};

}  // namespace flatkv::server
