// How long snapshots and rollbacks take: a preloaded store, a snapshot, some blocks, then back by
// undo records and, after the same number of blocks again, by clone and replay.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "bench/store_settings.h"
#include "bench/workload.h"
#include "flatkv/base/status.h"

namespace flatkv::bench {

struct RollbackBenchOptions {
  WorkloadOptions workload;
  StoreSettings settings;
  uint64_t depth = 10;   // blocks to roll back
  uint64_t repeats = 3;  // of each measurement
  std::string home;      // see BenchHome
  bool keep_home = false;
};

// The result, as docs/performance.md describes it.
StatusOr<nlohmann::json> RunRollbackBench(const RollbackBenchOptions& options);
// As text on standard output.
void PrintRollbackResult(const nlohmann::json& result);

}  // namespace flatkv::bench
