// One run of blocks through a driver: preload, warm-up, then the measured part.
//
// Thread safety: one thread at a time; the driver's answers may come from another.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "bench/block_feeder.h"
#include "bench/commit_bench.h"
#include "bench/commit_driver.h"
#include "bench/recorder.h"

namespace flatkv::bench {

class CommitRun {
 public:
  // The source that the options name. Errors: those of NewWorkloadSource and OpenFileSource.
  static StatusOr<std::unique_ptr<BlockSource>> OpenSource(const WorkOptions& work);

  // `busy_threads`: of the store and its client, for Generate::kAuto. `source` outlives the run.
  CommitRun(const WorkOptions& work, BlockSource& source, size_t busy_threads);

  // What the driver is to be given. The run outlives the driver.
  OnCommitted on_committed();

  // What is done when the last block is acknowledged.
  enum class AtEnd {
    kAwaitWritten,  // by the data DBs, and measured
    kReturn,        // at once: the store is to be killed
  };

  // Commits everything; the result of the measured part. Errors: those of the driver and the
  // source; kUnavailable when the store's writes fail; kInvalidArgument when the blocks end before
  // the measured part has begun.
  StatusOr<nlohmann::json> Measure(CommitDriver& driver, std::optional<std::chrono::seconds> series,
                                   AtEnd at_end = AtEnd::kAwaitWritten);

 private:
  // What was used at a moment.
  struct Usage {
    std::optional<ProcessUsage> store;
    ProcessUsage self;
    double generating = 0;
  };

  Usage UsageOf(CommitDriver& driver) const;
  // Commits up to `count` blocks, fewer when they end; returns how many.
  StatusOr<uint64_t> CommitBlocks(CommitDriver& driver, uint64_t count);
  Status CommitMeasured(CommitDriver& driver);
  nlohmann::json Costs(const Usage& before, const Usage& after, bool in_process) const;
  nlohmann::json Generation(double cpu_seconds) const;

  const WorkOptions work_;
  const uint64_t preload_blocks_;
  const bool own_thread_;
  BlockFeeder feeder_;
  Block block_;
  Version version_ = 0;
  uint64_t measured_distinct_ = 0;
  double measured_waiting_ = 0;  // for blocks, seconds
  std::optional<Recorder> recorder_;
  CommittedBlock last_;
};

}  // namespace flatkv::bench
