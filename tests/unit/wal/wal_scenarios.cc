#include "tests/unit/wal/wal_scenarios.h"

#include <fmt/format.h>

#include <utility>

#include "flatkv/wal/wal_cut.h"
#include "tests/support/fault_file_system.h"
#include "tests/unit/wal/wal_test_util.h"

namespace flatkv::test {
namespace {

std::string Path(Version first) { return fmt::format("/log/{:020}.wal", first); }

// Versions 1 .. `last`, and one more that the killed process had not synced.
std::function<Status(MemFileSystem&)> KilledInAppend(Version last) {
  return [last](MemFileSystem& disk) -> Status {
    RETURN_IF_ERROR(MakeLog(disk, last));
    ASSIGN_OR_RETURN(const auto wal, OpenWal(disk, SmallSegments()));
    return AppendOnly(*wal, last + 1);
  };
}

// Versions 1 .. `last`, and the next segment, whose name is not durable.
std::function<Status(MemFileSystem&)> KilledInRoll(Version last) {
  return [last](MemFileSystem& disk) -> Status {
    RETURN_IF_ERROR(MakeLog(disk, last));
    FaultFileSystem fs(disk);
    FaultRule roll;
    roll.op = FsOp::kSyncDir;
    roll.skip = 1;
    fs.AddRule(roll);
    WalOptions tiny;
    tiny.segment_bytes = 1;
    ASSIGN_OR_RETURN(const auto wal, OpenWal(fs, tiny));
    return AppendOnly(*wal, last + 1).ok() ? Internal("no roll") : OkStatus();
  };
}

// Versions 1 .. `last`, to be cut above `target`.
std::function<Status(MemFileSystem&)> KilledInCut(Version last, Version target) {
  return [last, target](MemFileSystem& disk) -> Status {
    RETURN_IF_ERROR(MakeLog(disk, last));
    return wal_internal::WriteCutMark(disk, kLogDir, target);
  };
}

// Commits `first` .. `last`, one by one.
Status CommitAll(WalScript& script, Version first, Version last, uint64_t seed = 0) {
  for (Version version = first; version <= last; ++version) {
    RETURN_IF_ERROR(script.Commit(version, seed));
  }
  return OkStatus();
}

std::vector<Scenario> AppendScenarios() {
  return {
      {"create, append, roll and close",
       CleanLog(0),
       0,
       0,
       [](WalScript& script) {
         RETURN_IF_ERROR(script.Open());
         RETURN_IF_ERROR(CommitAll(script, 1, 10));
         return script.AppendAndClose(11);
       },
       {"syncdir /log"}},
      {"open after a kill in an append, and roll",
       KilledInAppend(7),
       7,
       8,
       [](WalScript& script) {
         RETURN_IF_ERROR(script.Open());
         return CommitAll(script, 9, 13);
       },
       {"syncdir /log"}},
      {"open after a kill in a roll",
       KilledInRoll(7),
       7,
       7,
       [](WalScript& script) {
         RETURN_IF_ERROR(script.Open());
         return CommitAll(script, 8, 9);
       },
       {"sync " + Path(8)}},
      {"prune",
       CleanLog(20),
       20,
       20,
       [](WalScript& script) {
         RETURN_IF_ERROR(script.Open());
         return script.Prune(18);
       },
       {"sync " + Path(17), "syncdir /log"}},
  };
}

std::vector<Scenario> CutScenarios() {
  return {
      {"cut inside a sealed segment and write another history",
       CleanLog(16),
       16,
       16,
       [](WalScript& script) {
         RETURN_IF_ERROR(script.Open());
         RETURN_IF_ERROR(script.Cut(6));
         return CommitAll(script, 7, 9, 5);
       },
       {"sync " + Path(13), "syncdir /log"}},
      // The truncation alone is the cut here: neither the mark nor its order matters, only that it
      // does not come back.
      {"cut inside the active segment",
       CleanLog(3),
       3,
       3,
       [](WalScript& script) {
         RETURN_IF_ERROR(script.Open());
         RETURN_IF_ERROR(script.Cut(2));
         return CommitAll(script, 3, 4, 5);
       },
       {"sync " + Path(1), "syncdir /log", "syncdir /log", "syncdir /log"}},
      // The sync after the mark's removal: the removal of the empty segment syncs the directory
      // again.
      {"cut to nothing and start elsewhere",
       CleanLog(9),
       9,
       9,
       [](WalScript& script) {
         RETURN_IF_ERROR(script.Open());
         RETURN_IF_ERROR(script.Cut(0));
         return CommitAll(script, 100, 103, 5);
       },
       {"sync " + Path(9), "syncdir /log", "syncdir /log"}},
      {"open with an interrupted cut",
       KilledInCut(16, 6),
       6,
       6,
       [](WalScript& script) {
         RETURN_IF_ERROR(script.Open());
         return CommitAll(script, 7, 9, 5);
       },
       {"sync " + Path(5)}},
      {"prune, cut, grow, reopen",
       KilledInAppend(14),
       14,
       15,
       [](WalScript& script) {
         RETURN_IF_ERROR(script.Open());
         RETURN_IF_ERROR(script.Prune(8));
         RETURN_IF_ERROR(script.Cut(12));
         RETURN_IF_ERROR(CommitAll(script, 13, 15, 5));
         RETURN_IF_ERROR(script.Close());
         RETURN_IF_ERROR(script.Open());
         return CommitAll(script, 16, 16);
       },
       {},
       false},
  };
}

}  // namespace

std::function<Status(MemFileSystem&)> CleanLog(Version last) {
  return [last](MemFileSystem& disk) { return last == 0 ? OkStatus() : MakeLog(disk, last); };
}

std::vector<Scenario> AllScenarios() {
  std::vector<Scenario> all = AppendScenarios();
  for (Scenario& scenario : CutScenarios()) {
    all.push_back(std::move(scenario));
  }
  return all;
}

}  // namespace flatkv::test
