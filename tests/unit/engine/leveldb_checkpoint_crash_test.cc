// Power cuts and failed file calls at every step of a checkpoint.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "tests/support/crash_sweep.h"
#include "tests/unit/engine/checkpoint_files.h"
#include "tests/unit/engine/engine_session.h"

namespace flatkv::test {
namespace {

constexpr char kPath[] = "/db";
constexpr char kCheckpoint[] = "/checkpoint";
constexpr Version kFrom = 10;
constexpr Version kMarked = 16;
constexpr Version kTo = 22;

// A process that opens the DB, takes a checkpoint between two versions and goes on.
struct CheckpointSession {
  explicit CheckpointSession(const Script& its_script) : script(its_script) {}

  Status Run(FileSystem& fs) {
    flushed = 0;
    finished = false;
    BackgroundThreads threads(1);
    ASSIGN_OR_RETURN(const std::unique_ptr<KvEngine> engine,
                     OpenLevelDbEngine(fs, threads, NullLogger(), kPath, SmallOptions()));
    const Status result = Use(*engine);
    const Status closed = engine->Close();
    flushed = engine->FlushedVersion();
    return result.ok() ? closed : result;
  }
  Status Use(KvEngine& engine) {
    RETURN_IF_ERROR(Write(engine, kFrom, kMarked));
    RETURN_IF_ERROR(engine.BeginCheckpoint());
    RETURN_IF_ERROR(Write(engine, kMarked, kTo));
    RETURN_IF_ERROR(engine.FinishCheckpoint(kCheckpoint, false).status());
    finished = true;
    return engine.Flush();
  }
  Status Write(KvEngine& engine, Version from, Version to) const {
    for (Version version = from + 1; version <= to; ++version) {
      RETURN_IF_ERROR(
          WriteChanges(engine, script.batches[static_cast<size_t>(version - 1)], version));
    }
    return OkStatus();
  }

  const Script& script;
  Version flushed = 0;
  bool finished = false;
};

CrashSweep MakeSweep(CheckpointSession& session) {
  CrashSweep sweep;
  sweep.setup = [&session](MemFileSystem& disk) -> Status {
    RETURN_IF_ERROR(disk.MakeDir(kCheckpoint));
    RETURN_IF_ERROR(disk.SyncDir("/"));
    return Session(session.script).Run(disk, kPath, kFrom, 2);
  };
  sweep.operation = [&session](FileSystem& fs) { return session.Run(fs); };
  sweep.check = [&session](MemFileSystem& disk, const SweepPoint&) -> Status {
    Version found = 0;
    RETURN_IF_ERROR(CheckDb(disk, kPath, session.script, std::max(kFrom, session.flushed), &found));
    if (!session.finished) {
      return OkStatus();
    }
    ASSIGN_OR_RETURN(const Rows rows, RowsOfCheckpoint(disk, kCheckpoint, "/clone"));
    return rows == session.script.At(kMarked)
               ? OkStatus()
               : Internal(fmt::format("the checkpoint stands at {}", VersionOf(rows)));
  };
  sweep.modes = {CrashMode::kKeepAll, CrashMode::kDropUnsynced, CrashMode::kOrderedPrefix,
                 CrashMode::kAnySubset, CrashMode::kTornSectors};
  sweep.seeds = 2;
  return sweep;
}

TEST(LevelDbCheckpointCrash, TheDbRecoversAndAFinishedCheckpointIsWhole) {
  const Script script(401, kTo, 60);
  CheckpointSession session(script);
  const SweepResult result = RunCrashSweep(MakeSweep(session));
  EXPECT_EQ(result.failures, 0u) << result.first_failure;
  EXPECT_GT(result.states, 200u);
}

TEST(LevelDbCheckpointFault, AFailedCallOfAnyKindIsReportedAndNothingHangs) {
  const Script script(402, kTo, 60);
  CheckpointSession session(script);
  CrashSweep sweep = MakeSweep(session);
  sweep.counted = [](const FsCall&) { return true; };
  sweep.modes = {CrashMode::kKeepAll, CrashMode::kDropUnsynced, CrashMode::kAnySubset};
  sweep.seeds = 1;
  const SweepResult result = RunFailSweep(sweep);
  EXPECT_EQ(result.failures, 0u) << result.first_failure;
  EXPECT_GT(result.states, 400u);
}

TEST(LevelDbCheckpointCrash, NoSyncOfTheCheckpointCanBeLeftOut) {
  const Script script(403, kTo, 60);
  CheckpointSession session(script);
  CrashSweep sweep = MakeSweep(session);
  sweep.modes = {CrashMode::kDropUnsynced, CrashMode::kAnySubset};
  int of_the_checkpoint = 0;
  for (const SyncAblation& ablation : RunSyncAblation(sweep)) {
    if (ablation.call.find(kCheckpoint) != std::string::npos) {
      ++of_the_checkpoint;
      EXPECT_GT(ablation.result.failures, 0u) << ablation.call << " makes no difference";
    }
  }
  // MANIFEST, CURRENT, the directory.
  EXPECT_EQ(of_the_checkpoint, 3);
}

}  // namespace
}  // namespace flatkv::test
