// What commits the blocks of a run: a store in this process, or a daemon.
//
// Thread safety: one thread calls. OnCommitted may come from another thread, but never two at a
// time, and not after Drain has returned and before the next Commit.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>

#include "bench/block.h"
#include "bench/clock.h"
#include "bench/process_usage.h"
#include "flatkv/base/status.h"
#include "flatkv/store/store.h"

namespace flatkv::bench {

struct CommittedBlock {
  Version version = 0;
  Digest root{};
  uint64_t updates = 0;
  Clock::time_point start;  // handed over (a stream: before it waits for the window)
  Clock::time_point end;    // acknowledged
  std::optional<CommitTimings> timings;
};
using OnCommitted = std::function<void(const CommittedBlock&)>;

class CommitDriver {
 public:
  virtual ~CommitDriver() = default;

  virtual bool in_process() const = 0;
  virtual StatusOr<StoreInfo> Info() = 0;
  // Commits a block, or sends it off; the block may change after the return.
  virtual Status Commit(Version version, const Block& block) = 0;
  // Waits until every block is acknowledged.
  virtual Status Drain() = 0;
  // Of the process that has the store open; nullopt if it is not known.
  virtual std::optional<ProcessUsage> Usage() = 0;
  // What is known of the store: "suite", "kernel" ... for the result.
  virtual StatusOr<nlohmann::json> Facts() = 0;
  virtual Status Close() = 0;
};

}  // namespace flatkv::bench
