// How long snapshots and rollbacks take: a preloaded store, a snapshot, some blocks, then back by
// undo records and, after the same blocks again, by clone and replay.
#pragma once

#include <string>

#include "bench/workload.h"
#include "flatkv/base/status.h"
#include "flatkv/store/store_options.h"

namespace flatkv::bench {

struct RollbackBenchOptions {
  WorkloadOptions workload;
  StoreOptions store;
  uint64_t depth = 10;   // blocks to roll back
  uint64_t repeats = 3;  // of each measurement
  std::string home;      // an empty or absent directory; removed at the end
  bool json = false;
};

// Prints the result on standard output.
Status RunRollbackBench(const RollbackBenchOptions& options);

}  // namespace flatkv::bench
