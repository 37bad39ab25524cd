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

inline constexpr Version kSweepVersions = 10;
inline constexpr Version kSweepClosedAt = 7;  // later versions are committed by `prepare`

inline const History& SweepHistory() {
  static const History history(kSweepVersions, 10, 20'261);
  return history;
}

inline StoreOptions SweepOptions() {
  StoreOptions options = SmallStoreOptions(Suite::kBlake3);
  options.threads = 1;
  options.read_threads = 1;
  options.wal_segment_bytes = 700;  // rolls every few versions
  options.replay_bytes_max = 400;   // flushes every few versions
  options.write_buffer_bytes = 64 << 10;
  options.snapshot.keep_recent = 100;
  return options;
}

inline Timeline FullTimeline() { return Timeline(SweepHistory(), kSweepVersions); }

// Commits up to `last`, waiting at each version until the data DBs have it: what the write-behind
// thread does, and when, is then the same in each run.
inline Status CommitAndWait(Store& store, Version last) {
  for (Version version = store.Info().version + 1; version <= last; ++version) {
    RETURN_IF_ERROR(CommitTo(store, SweepHistory(), version));
    RETURN_IF_ERROR(store.VerifyRows());
  }
  return OkStatus();
}

// The history up to kSweepClosedAt with a snapshot at each of `snapshots`, closed.
inline Status MakeStore(FileSystem& disk, const StoreOptions& options,
                        const std::vector<Version>& snapshots,
                        const std::vector<Version>& pinned = {}) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, OpenStore(disk, options));
  for (const Version snapshot : snapshots) {
    RETURN_IF_ERROR(CommitAndWait(*store, snapshot));
    RETURN_IF_ERROR(store->admin().CreateSnapshot().status());
  }
  for (const Version snapshot : pinned) {
    RETURN_IF_ERROR(store->admin().PinSnapshot(snapshot, "kept").status());
  }
  RETURN_IF_ERROR(CommitAndWait(*store, kSweepClosedAt));
  return store->Close();
}

// An operation on such a store at kSweepVersions, that ends in the old state or in `done`, and the
// commit of one more version after it: what is done must stay so.
inline Operation OperationTo(std::string name, const StoreOptions& options, const Timeline& done,
                             std::function<Status(Store&)> run) {
  Operation operation;
  operation.name = std::move(name);
  operation.options = options;
  operation.setup = [options](MemFileSystem& disk) {
    return MakeStore(disk, options, {2, 4, 6}, {4, 6});
  };
  const auto is_acked = std::make_shared<bool>(false);
  operation.prepare = [is_acked](Store& store) {
    *is_acked = false;
    return CommitAndWait(store, kSweepVersions);
  };
  Timeline then = done;
  then.AppendFresh("then");
  Outcome after = ExactOutcome("after", std::move(then));
  operation.run = [is_acked, run = std::move(run), after](Store& store) -> Status {
    RETURN_IF_ERROR(run(store));
    *is_acked = true;
    return CommitOwned(store, after.timeline->block(after.timeline->head())).status();
  };
  const Outcome before = ExactOutcome("before", FullTimeline());
  operation.outcomes = [is_acked, before, after](bool is_done) {
    std::vector<Outcome> outcomes = {after};
    outcomes.front().oldest_head -= is_done ? 0 : 1;
    if (!is_done && !*is_acked) {
      outcomes.push_back(before);
    }
    return outcomes;
  };
  return operation;
}

// An operation on the opened store of `setup`, which stays at the versions that `acked` names.
// When it is done, `fits` must hold.
inline Operation OperationBeside(std::string name, const StoreOptions& options,
                                 std::function<Status(MemFileSystem&)> setup,
                                 std::function<Status(Store&, Version* acked)> run,
                                 std::function<bool(Store&)> fits) {
  Operation operation;
  operation.name = std::move(name);
  operation.options = options;
  operation.setup = std::move(setup);
  const auto acked = std::make_shared<Version>(0);
  operation.prepare = [acked](Store& store) {
    *acked = kSweepVersions - 2;
    return CommitAndWait(store, *acked);
  };
  operation.run = [acked, run = std::move(run)](Store& store) { return run(store, acked.get()); };
  const auto full = std::make_shared<const Timeline>(FullTimeline());
  operation.outcomes = [acked, full, fits = std::move(fits)](bool is_done) {
    return std::vector<Outcome>{
        {is_done ? "done" : "going on", full, *acked, is_done ? fits : nullptr}};
  };
  return operation;
}

// Opening the disk of `setup`, on which the store is at `head` of the history.
inline Operation OpenOf(std::string name, const StoreOptions& options,
                        std::function<Status(MemFileSystem&)> setup, Version head,
                        std::function<bool(Store&)> fits) {
  Operation operation;
  operation.name = std::move(name);
  operation.options = options;
  operation.setup = std::move(setup);
  operation.includes_open = true;
  Outcome outcome = ExactOutcome("recovered", FullTimeline().UpTo(head));
  outcome.fits = std::move(fits);
  operation.outcomes = [outcome](bool) { return std::vector<Outcome>{outcome}; };
  return operation;
}

}  // namespace flatkv::test
