// The commit benchmark: a store in this process, preloaded, then timed block by block.
#pragma once

#include <string>

#include "bench/workload.h"
#include "flatkv/base/status.h"
#include "flatkv/store/store_options.h"

namespace flatkv::bench {

struct CommitBenchOptions {
  WorkloadOptions workload;
  StoreOptions store;
  uint64_t blocks = 200;
  uint64_t warmup_blocks = 10;
  uint64_t snapshot_every = 0;  // blocks between two snapshots while measuring; 0: none
  std::string home;             // an empty or absent directory; removed at the end unless keep_home
  bool keep_home = false;
  bool json = false;
};

// Prints the result on standard output.
Status RunCommitBench(const CommitBenchOptions& options);

}  // namespace flatkv::bench
