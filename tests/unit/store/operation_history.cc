// Rollbacks and reorgs for the crash sweeps.
#include <fmt/format.h>

#include "tests/unit/store/operation_cases.h"
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

// Every data DB stands above the target on disk.
Operation RollbackOfFlushedVersion() {
  Operation operation = RollbackTo(9, RollbackChoice::kUndo);
  operation.name += ", flushed";
  operation.prepare = [prepare = operation.prepare](Store& store) {
    RETURN_IF_ERROR(prepare(store));
    return store.Flush();
  };
  return operation;
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

}  // namespace

std::vector<OperationCase> HistoryCases() {
  return {
      {"RollbackByUndoBelowSnapshots", [] { return RollbackTo(5, RollbackChoice::kUndo); }},
      {"RollbackByReplayFromASnapshot", [] { return RollbackTo(5, RollbackChoice::kReplay); }},
      {"RollbackByReplayFromNothing", [] { return RollbackTo(1, RollbackChoice::kReplay); }},
      {"RollbackByUndoOfOneVersion", [] { return RollbackTo(9, RollbackChoice::kUndo); }},
      {"RollbackByUndoOfAFlushedVersion", RollbackOfFlushedVersion},
      {"ReorgByUndo", [] { return ReorgFrom(7, 3, 128); }},
      {"ReorgByReplay", [] { return ReorgFrom(7, 3, 0); }},
      {"ReorgOfEverything", [] { return ReorgFrom(1, 2, 128); }},
      {"ReorgThatOnlyAdds", [] { return ReorgFrom(kSweepVersions + 1, 2, 128); }},
  };
}

}  // namespace flatkv::test
