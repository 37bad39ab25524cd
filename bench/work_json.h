// Names and options of a run, for its result.
#pragma once

#include <nlohmann/json.hpp>

#include "bench/commit_bench.h"

namespace flatkv::bench {

// {"rows": ..., "updates_per_block": ..., ...}, or {"file": ...}: enough to run it again.
nlohmann::json DescribeWork(const WorkOptions& work);
nlohmann::json DescribeWorkload(const WorkloadOptions& workload);

}  // namespace flatkv::bench
