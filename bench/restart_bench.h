// How long a store takes to come back after kill -9: a process commits blocks and is killed while
// it does; then the time until the store is open again, the replay of the changelog included. The
// operating system's cache stays warm.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "bench/commit_bench.h"
#include "bench/store_settings.h"
#include "flatkv/base/status.h"

namespace flatkv::bench {

struct RestartBenchOptions {
  WorkOptions work;  // length.blocks: before the kill, after the preload
  StoreSettings settings;
  // A flatkvd: it is started, killed and started again, and the time is until it serves. Unset: a
  // child of this process has the store open, and the time is that of Store::Open.
  std::optional<std::string> program;
  uint64_t repeats = 3;
  std::string home;  // see BenchHome
  bool keep_home = false;
};

// The result, as docs/performance.md describes it. REQUIRES: this process has one thread.
StatusOr<nlohmann::json> RunRestartBench(const RestartBenchOptions& options);
// As text on standard output.
void PrintRestartResult(const nlohmann::json& result);

}  // namespace flatkv::bench
