// Power cuts and failed file calls at every step of a data DB's life.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/support/crash_sweep.h"
#include "tests/unit/engine/engine_session.h"

namespace flatkv::test {
namespace {

constexpr char kPath[] = "/db";

const std::vector<CrashMode> kAllModes = {CrashMode::kKeepAll, CrashMode::kDropUnsynced,
                                          CrashMode::kOrderedPrefix, CrashMode::kAnySubset,
                                          CrashMode::kTornSectors};

bool IsAnyCall(const FsCall&) { return true; }

// The versions that a sweep found, so that a test can show that it saw more than one kind of state.
struct Seen {
  std::set<Version> versions;
};

// A sweep over sessions from what `setup_to` versions leave to version `to`.
CrashSweep MakeSweep(Session& session, Seen& seen, Version setup_to, Version to,
                     Version flush_every) {
  CrashSweep sweep;
  sweep.setup = [&session, setup_to](MemFileSystem& disk) -> Status {
    if (setup_to == 0) {
      return OkStatus();
    }
    return Session(session.script).Run(disk, kPath, setup_to, 4);
  };
  sweep.operation = [&session, to, flush_every](FileSystem& fs) {
    return session.Run(fs, kPath, to, flush_every);
  };
  sweep.check = [&session, &seen, setup_to, to](MemFileSystem& disk,
                                                const SweepPoint& point) -> Status {
    if (!session.violation.empty()) {
      return Internal(session.violation);
    }
    Version found = 0;
    RETURN_IF_ERROR(
        CheckDb(disk, kPath, session.script, std::max(setup_to, session.flushed), &found));
    seen.versions.insert(found);
    if (point.index % 8 != 0) {
      return OkStatus();
    }
    // The DB goes on from there, and what it then flushes survives the next power cut.
    Session next(session.script);
    RETURN_IF_ERROR(next.Run(disk, kPath, std::min(found + 3, to), 1));
    if (!next.violation.empty()) {
      return Internal("after recovery: " + next.violation);
    }
    const std::unique_ptr<MemFileSystem> cut = disk.Crash(CrashMode::kDropUnsynced, 1);
    return CheckDb(*cut, kPath, session.script, std::max(found, next.flushed), &found);
  };
  sweep.modes = kAllModes;
  sweep.seeds = 2;
  return sweep;
}

void ExpectClean(const SweepResult& result, const Seen& seen, uint64_t states_min) {
  EXPECT_EQ(result.failures, 0u) << result.first_failure;
  EXPECT_GT(result.states, states_min);
  EXPECT_GT(seen.versions.size(), 3u);
  ::testing::Test::RecordProperty("states", std::to_string(result.states));
}

TEST(LevelDbEngineCrash, ANewDbHoldsAWholePrefixNotBelowTheFlushedVersion) {
  const Script script(101, 24, 60);
  Session session(script);
  Seen seen;
  ExpectClean(RunCrashSweep(MakeSweep(session, seen, 0, 24, 4)), seen, 400);
}

TEST(LevelDbEngineCrash, AReopenedDbHoldsAWholePrefixNotBelowTheFlushedVersion) {
  const Script script(102, 40, 60);
  Session session(script);
  Seen seen;
  ExpectClean(RunCrashSweep(MakeSweep(session, seen, 20, 40, 3)), seen, 400);
}

TEST(LevelDbEngineCrash, MemtablesThatFillUpByThemselvesAreWholePrefixesToo) {
  const Script script(103, 60, 100);
  Session session(script);
  Seen seen;
  ExpectClean(RunCrashSweep(MakeSweep(session, seen, 0, 60, 0)), seen, 400);
}

TEST(LevelDbEngineFault, AFailedChangePoisonsAndLosesNothingThatWasFlushed) {
  const Script script(104, 30, 60);
  Session session(script);
  Seen seen;
  CrashSweep sweep = MakeSweep(session, seen, 10, 30, 4);
  sweep.seeds = 1;
  ExpectClean(RunFailSweep(sweep), seen, 400);
}

TEST(LevelDbEngineFault, AFailedCallOfAnyKindNeverShowsWrongRowsOrHangs) {
  const Script script(105, 24, 60);
  Session session(script);
  Seen seen;
  CrashSweep sweep = MakeSweep(session, seen, 10, 24, 3);
  sweep.counted = IsAnyCall;
  sweep.modes = {CrashMode::kDropUnsynced, CrashMode::kAnySubset};
  sweep.seeds = 1;
  ExpectClean(RunFailSweep(sweep), seen, 400);
}

TEST(LevelDbEngineFault, AFullDiskIsResourceExhausted) {
  MemFileSystem disk;
  FaultFileSystem fs(disk);
  const Script script(106, 8, 60);
  Session session(script);
  ASSERT_TRUE(session.Run(fs, kPath, 4, 2).ok());
  FaultRule full;
  full.op = FsOp::kAppend;
  full.path_contains = ".ldb";
  full.times = FaultRule::kForever;
  full.error_number = ENOSPC;
  fs.AddRule(full);
  const Status status = session.Run(fs, kPath, 8, 4);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status;
  EXPECT_EQ(session.violation, "");
  fs.ClearRules();
  EXPECT_TRUE(session.Run(fs, kPath, 8, 4).ok());
  EXPECT_EQ(session.flushed, 8);
}

}  // namespace
}  // namespace flatkv::test
