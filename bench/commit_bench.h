// The commit benchmark: a store, preloaded, then timed block by block.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "bench/daemon_driver.h"
#include "bench/daemon_process.h"
#include "bench/store_settings.h"
#include "bench/workload.h"
#include "flatkv/base/status.h"

namespace flatkv::bench {

// Where blocks are made: see BlockFeeder.
enum class Generate {
  kAuto,     // on a thread of its own if the store's threads leave a core free
  kThread,   // on a thread of its own
  kBetween,  // between two blocks
  kBefore,   // all of them before the measured part, in memory
};

// Which blocks a run commits.
struct RunLength {
  uint64_t blocks = 200;                         // to measure
  std::optional<std::chrono::seconds> duration;  // measures this long instead
  uint64_t warmup_blocks = 10;                   // before measuring
};

struct WorkOptions {
  WorkloadOptions workload;
  std::optional<std::string> file;  // a change-set file instead of the workload
  uint64_t file_preload_blocks = 0;
  RunLength length;
  Generate generate = Generate::kAuto;
};

// Which daemon commits: one that runs already, or one that the run starts. Neither: the library.
struct DaemonChoice {
  std::optional<std::string> address;
  std::optional<std::string> program;  // flatkvd
  Transport transport = Transport::kUnix;
  Rpc rpc = Rpc::kUnary;
  size_t window = 8;
  bool append = false;  // to a running daemon's store, though it holds versions
};

struct CommitBenchOptions {
  WorkOptions work;
  StoreSettings settings;
  DaemonChoice daemon;
  std::optional<std::chrono::seconds> series;
  std::string home;  // see BenchHome; unused with a running daemon
  bool keep_home = false;
};

// The result, as docs/performance.md describes it.
StatusOr<nlohmann::json> RunCommitBench(const CommitBenchOptions& options);
// As text on standard output.
void PrintCommitResult(const nlohmann::json& result);

}  // namespace flatkv::bench
