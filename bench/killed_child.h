// A child process that commits to a store until it is killed.
#pragma once

#include <string>

#include "bench/commit_bench.h"
#include "flatkv/base/status.h"
#include "flatkv/store/store_options.h"

namespace flatkv::bench {

// What the child had committed, after its preload, when it was killed; it may have committed more
// that it could not report.
struct KilledChild {
  uint64_t updates = 0;
  uint64_t blocks = 0;
  double seconds = 0;  // of the commits
};

// Forks, lets the child preload and commit work.length.blocks blocks, kills it while it goes on,
// and waits until it is gone. Errors: what went wrong in the child. REQUIRES: this process has one
// thread.
StatusOr<KilledChild> CommitInChildAndKill(const WorkOptions& work, const std::string& home,
                                           const StoreOptions& options);

}  // namespace flatkv::bench
