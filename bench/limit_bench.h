// How far a commit is from its parts: the same blocks through a whole store, and then through each
// part alone, on the same machine in the same run.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "bench/commit_bench.h"
#include "bench/store_settings.h"
#include "flatkv/base/status.h"

namespace flatkv::bench {

struct LimitBenchOptions {
  WorkOptions work;
  StoreSettings settings;
  uint64_t hash_blocks = 20;  // blocks whose rows the hash kernels get
  size_t window = 8;          // of the echo's stream
  std::string home;           // see BenchHome
  bool keep_home = false;
};

// The result, as docs/performance.md describes it.
StatusOr<nlohmann::json> RunLimitBench(const LimitBenchOptions& options);
// As text on standard output.
void PrintLimitResult(const nlohmann::json& result);

}  // namespace flatkv::bench
