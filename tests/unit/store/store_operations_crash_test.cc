// Goal: a rollback or a reorg happens whole or not at all (docs/durability.md), whatever crashes or
// fails in between. Method: the sweeps of operation_sweep.h over each way to do it, from a store
// with snapshots, pins, several changelog segments, and data DBs that lag differently.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/unit/store/operation_scenarios.h"

namespace flatkv::test {
namespace {

Operation RollbackTo(Version target, RollbackChoice choice) {
  return OperationTo(fmt::format("rollback to {} by {}", target,
                                 choice == RollbackChoice::kUndo ? "undo" : "replay"),
                     SweepOptions(), FullTimeline().UpTo(target), [target, choice](Store& store) {
                       return store.admin().Rollback(target, choice).status();
                     });
}

// Replaces the versions from `first` on by `count` others.
Operation ReorgFrom(Version first, Version count, uint64_t undo_depth) {
  Timeline done = FullTimeline().UpTo(first - 1);
  for (Version i = 0; i < count; ++i) {
    done.AppendFresh("reorg");
  }
  StoreOptions options = SweepOptions();
  options.undo_depth = undo_depth;
  const auto run = [first, done](Store& store) {
    std::vector<ReorgBlock> blocks;
    for (Version version = first; version <= done.head(); ++version) {
      blocks.push_back({version, done.block(version).changes()});
    }
    return store.admin().Reorg(blocks).status();
  };
  return OperationTo(fmt::format("reorg of {} to {} by {}", first, done.head(),
                                 undo_depth > 0 ? "undo" : "replay"),
                     options, done, run);
}

std::vector<Operation> AllOperations() {
  return {RollbackTo(7, RollbackChoice::kUndo),
          RollbackTo(7, RollbackChoice::kReplay),
          RollbackTo(2, RollbackChoice::kReplay),
          RollbackTo(13, RollbackChoice::kUndo),
          ReorgFrom(11, 3, 128),
          ReorgFrom(11, 3, 0),
          ReorgFrom(1, 3, 128),
          ReorgFrom(kSweepVersions + 1, 2, 128)};
}

TEST(StoreOperationsCrash, ACrashAtAnyCallLeavesTheOldStateOrTheNewOne) {
  for (const Operation& operation : AllOperations()) {
    Report(operation.name, OperationSweep(operation).Crash(1));
  }
}

TEST(StoreOperationsCrash, AFailureOfAnyCallLeavesTheOldStateOrTheNewOne) {
  for (const Operation& operation : AllOperations()) {
    Report("EIO in " + operation.name, OperationSweep(operation).Fail(EIO));
  }
}

}  // namespace
}  // namespace flatkv::test
