// Stores for the crash sweeps of operations: a short history over several changelog segments, with
// snapshots, pins, and versions that the data DBs have not written yet.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/store/operation_sweep.h"

namespace flatkv::test {

inline constexpr Version kSweepVersions = 14;
inline constexpr Version kSweepClosedAt = 11;  // later versions are committed by `prepare`

inline const History& SweepHistory() {
  static const History history(kSweepVersions, 15, 20'261);
  return history;
}

inline StoreOptions SweepOptions() {
  StoreOptions options = SmallStoreOptions(Suite::kBlake3);
  options.threads = 1;
  options.wal_segment_bytes = 2 << 10;  // rolls every few versions
  options.replay_bytes_max = 3 << 10;   // flushes every few versions
  options.write_buffer_bytes = 64 << 10;
  options.snapshot.keep_recent = 100;
  return options;
}

inline Timeline FullTimeline() { return Timeline(SweepHistory(), kSweepVersions); }

// The history up to kSweepClosedAt with a snapshot at each of `snapshots`, closed. The last two
// snapshots are pinned.
inline Status MakeStore(MemFileSystem& disk, const StoreOptions& options,
                        const std::vector<Version>& snapshots) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, OpenStore(disk, options));
  for (const Version snapshot : snapshots) {
    RETURN_IF_ERROR(CommitTo(*store, SweepHistory(), snapshot));
    RETURN_IF_ERROR(store->admin().CreateSnapshot().status());
  }
  for (size_t i = snapshots.size() < 2 ? 0 : snapshots.size() - 2; i < snapshots.size(); ++i) {
    RETURN_IF_ERROR(store->admin().PinSnapshot(snapshots[i], "kept").status());
  }
  RETURN_IF_ERROR(CommitTo(*store, SweepHistory(), kSweepClosedAt));
  return store->Close();
}

// An operation on such a store at kSweepVersions, that ends in the old state or in `done`.
inline Operation OperationTo(std::string name, const StoreOptions& options, Timeline done,
                             std::function<Status(Store&)> run) {
  Operation operation;
  operation.name = std::move(name);
  operation.options = options;
  operation.setup = [options](MemFileSystem& disk) { return MakeStore(disk, options, {3, 6, 9}); };
  operation.prepare = [](Store& store) { return CommitTo(store, SweepHistory(), kSweepVersions); };
  operation.run = std::move(run);
  const Outcome before = ExactOutcome("before", FullTimeline());
  const Outcome after = ExactOutcome("after", std::move(done));
  operation.outcomes = [before, after](bool is_done) {
    return is_done ? std::vector<Outcome>{after} : std::vector<Outcome>{before, after};
  };
  return operation;
}

inline void Report(const std::string& name, const SweepResult& result) {
  std::printf("%s: %zu mutating calls, %llu crash states\n", name.c_str(), result.trace.size(),
              static_cast<unsigned long long>(result.states));
  EXPECT_EQ(result.failures, 0u) << name << ": " << result.first_failure;
  EXPECT_GT(result.states, 50u);
}

}  // namespace flatkv::test
