#include "flatkv/fs/durable.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/crash_sweep.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/support/tree_digest.h"

namespace flatkv {
namespace {

using test::CrashMode;
using test::CrashSweep;
using test::FaultFileSystem;
using test::FaultRule;
using test::FsOp;
using test::HasReason;
using test::MemFileSystem;
using test::StatusIs;
using test::SweepPoint;
using test::SweepResult;
using test::SyncAblation;
using test::TreeText;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kOld(1500, 'o');
const std::string kNew(1400, 'n');

void ExpectNoFailures(const SweepResult& result, uint64_t states_min) {
  EXPECT_EQ(result.failures, 0) << "of " << result.states << "; first: " << result.first_failure;
  EXPECT_GE(result.states, states_min);
}

// Each sync must be needed: without it some crash state is wrong.
void ExpectEverySyncNeeded(const CrashSweep& sweep, size_t syncs) {
  const std::vector<SyncAblation> ablations = RunSyncAblation(sweep);
  EXPECT_EQ(ablations.size(), syncs);
  for (const SyncAblation& ablation : ablations) {
    EXPECT_GT(ablation.result.failures, 0) << "nothing fails without '" << ablation.call << "'";
  }
}

// Old or new content, never mixed; new once acknowledged.
CrashSweep ReplaceSweep(bool exists_before) {
  CrashSweep sweep;
  sweep.setup = [exists_before](MemFileSystem& disk) {
    RETURN_IF_ERROR(MakeDirsDurably(disk, "/d"));
    return exists_before ? WriteFileDurably(disk, "/d/f", kOld) : OkStatus();
  };
  sweep.operation = [](FileSystem& fs) { return WriteFileDurably(fs, "/d/f", kNew); };
  sweep.check = [exists_before](MemFileSystem& disk, const SweepPoint& point) -> Status {
    const StatusOr<std::string> content = ReadFile(disk, "/d/f", 1 << 20);
    const bool is_old =
        exists_before ? content.ok() && *content == kOld : IsNotFound(content.status());
    const bool is_new = content.ok() && *content == kNew;
    if (!is_new && (point.status.ok() || !is_old)) {
      return DataLoss(TreeText(disk, "/"));
    }
    return OkStatus();
  };
  sweep.seeds = 20;
  return sweep;
}

TEST(WriteFileDurably, SyncsTheFileThenRenamesThenSyncsTheDirectory) {
  MemFileSystem disk;
  FaultFileSystem fs(disk);
  ASSERT_OK(WriteFileDurably(fs, "/f", "ab"));
  EXPECT_THAT(fs.trace(), ElementsAre("create /f-tmp", "append /f-tmp", "sync /f-tmp",
                                      "close /f-tmp", "rename /f-tmp -> /f", "syncdir /"));
}

TEST(WriteFileDurably, LeavesOldOrNewAfterACrashAtAnyCall) {
  ExpectNoFailures(RunCrashSweep(ReplaceSweep(true)), 7 * 40);
  ExpectNoFailures(RunCrashSweep(ReplaceSweep(false)), 7 * 40);
}

TEST(WriteFileDurably, LeavesOldOrNewAfterAFailureOfAnyCall) {
  ExpectNoFailures(RunFailSweep(ReplaceSweep(true)), 2 * 6 * 40);
  ExpectNoFailures(RunFailSweep(ReplaceSweep(false)), 2 * 6 * 40);
}

TEST(WriteFileDurably, NeedsEachOfItsSyncs) { ExpectEverySyncNeeded(ReplaceSweep(true), 2); }

TEST(WriteFileDurably, RemovesItsTemporaryFileWhenACallFails) {
  MemFileSystem disk;
  for (const FsOp op : {FsOp::kAppend, FsOp::kSync, FsOp::kClose, FsOp::kRename}) {
    FaultFileSystem fs(disk);
    FaultRule rule;
    rule.op = op;
    rule.error_number = ENOSPC;
    fs.AddRule(rule);
    EXPECT_THAT(WriteFileDurably(fs, "/f", "ab"),
                StatusIs(StatusCode::kResourceExhausted, HasSubstr(std::string(FsOpName(op)))));
    EXPECT_EQ(TreeText(disk, "/"), "") << FsOpName(op);
  }
}

CrashSweep MakeDirsSweep() {
  CrashSweep sweep;
  sweep.setup = [](MemFileSystem& disk) { return MakeDirsDurably(disk, "/a"); };
  sweep.operation = [](FileSystem& fs) { return MakeDirsDurably(fs, "/a/b/c"); };
  sweep.check = [](MemFileSystem& disk, const SweepPoint& point) -> Status {
    const StatusOr<FileInfo> info = disk.Stat("/a/b/c");
    if (point.status.ok() && (!info.ok() || info->type != FileType::kDirectory)) {
      return DataLoss(TreeText(disk, "/"));
    }
    // Whatever is left, a second call completes it, and what it returns is durable.
    RETURN_IF_ERROR(MakeDirsDurably(disk, "/a/b/c"));
    return disk.Crash(CrashMode::kDropUnsynced, 0)->Stat("/a/b/c").status();
  };
  return sweep;
}

TEST(MakeDirsDurably, KeepsEveryLevelOnceItReturned) {
  ExpectNoFailures(RunCrashSweep(MakeDirsSweep()), 5 * 10);
  ExpectNoFailures(RunFailSweep(MakeDirsSweep()), 2 * 4 * 10);
}

TEST(MakeDirsDurably, NeedsEachOfItsSyncs) {
  // "/a" is still empty, so its name is synced again.
  ExpectEverySyncNeeded(
      [] {
        CrashSweep sweep = MakeDirsSweep();
        sweep.setup = [](MemFileSystem& disk) { return disk.MakeDir("/a"); };
        return sweep;
      }(),
      3);
}

TEST(MakeDirsDurably, AcceptsAnExistingDirectoryAndALinkToOne) {
  MemFileSystem disk;
  ASSERT_OK(MakeDirsDurably(disk, "/a/b"));
  ASSERT_OK(disk.Symlink("a", "/link"));
  FaultFileSystem fs(disk);
  EXPECT_OK(MakeDirsDurably(fs, "/a"));
  EXPECT_OK(MakeDirsDurably(fs, "/link"));
  EXPECT_OK(MakeDirsDurably(fs, "/"));
  EXPECT_OK(MakeDirsDurably(fs, "relative/x/"));
  EXPECT_THAT(fs.trace(),
              ElementsAre("mkdir relative", "syncdir .", "mkdir relative/x/", "syncdir relative"));
}

// Another thread makes the directory between our look and our mkdir.
class RacedFileSystem : public MemFileSystem {
 public:
  Status MakeDir(const std::string& path) override {
    EXPECT_OK(MemFileSystem::MakeDir(path));
    return MemFileSystem::MakeDir(path);
  }
};

TEST(MakeDirsDurably, AcceptsADirectoryThatAnotherThreadMakesAtTheSameTime) {
  RacedFileSystem disk;
  EXPECT_OK(MakeDirsDurably(disk, "/a/b"));
  EXPECT_OK(disk.Crash(CrashMode::kDropUnsynced, 1)->List("/a/b"));
}

TEST(MakeDirsDurably, RefusesAFileInTheWay) {
  MemFileSystem disk;
  ASSERT_OK(WriteFileDurably(disk, "/a", ""));
  EXPECT_THAT(MakeDirsDurably(disk, "/a"), StatusIs(StatusCode::kUnknown, HasSubstr("ENOTDIR")));
  EXPECT_THAT(MakeDirsDurably(disk, "/a/b"), StatusIs(StatusCode::kUnknown, HasSubstr("ENOTDIR")));
}

// Runs `remove` twice where the first process was killed between its removal and its sync.
CrashSweep RemoveSweep(std::function<Status(FileSystem&)> remove, std::string path) {
  CrashSweep sweep;
  sweep.setup = [](MemFileSystem& disk) {
    RETURN_IF_ERROR(MakeDirsDurably(disk, "/d/e"));
    RETURN_IF_ERROR(WriteFileDurably(disk, "/d/e/f", kOld));
    RETURN_IF_ERROR(WriteFileDurably(disk, "/d/g", kOld));
    RETURN_IF_ERROR(disk.Symlink("/keep", "/d/link"));
    RETURN_IF_ERROR(disk.SyncDir("/d"));
    RETURN_IF_ERROR(MakeDirsDurably(disk, "/keep"));
    return WriteFileDurably(disk, "/keep/f", kOld);
  };
  sweep.operation = remove;
  sweep.check = [remove, path](MemFileSystem& disk, const SweepPoint& point) -> Status {
    ASSIGN_OR_RETURN(const bool there, Exists(disk, path));
    if (there && point.status.ok()) {
      return DataLoss(TreeText(disk, "/"));
    }
    RETURN_IF_ERROR(remove(disk));
    const std::unique_ptr<MemFileSystem> after = disk.Crash(CrashMode::kDropUnsynced, 0);
    ASSIGN_OR_RETURN(const bool there_again, Exists(*after, path));
    ASSIGN_OR_RETURN(const std::string kept, ReadFile(*after, "/keep/f", 1 << 20));
    return there_again || kept != kOld ? DataLoss(TreeText(*after, "/")) : OkStatus();
  };
  return sweep;
}

TEST(RemoveFileDurably, RemovesForGood) {
  const CrashSweep sweep =
      RemoveSweep([](FileSystem& fs) { return RemoveFileDurably(fs, "/d/g"); }, "/d/g");
  ExpectNoFailures(RunCrashSweep(sweep), 3 * 10);
  ExpectNoFailures(RunFailSweep(sweep), 2 * 2 * 10);
  ExpectEverySyncNeeded(sweep, 1);
}

TEST(RemoveFileDurably, AcceptsAbsence) {
  MemFileSystem disk;
  EXPECT_OK(RemoveFileDurably(disk, "/f"));
  EXPECT_OK(RemoveFileDurably(disk, "/d/f"));
}

TEST(RemoveTreeDurably, RemovesForGoodAndFollowsNoLink) {
  const CrashSweep sweep =
      RemoveSweep([](FileSystem& fs) { return RemoveTreeDurably(fs, "/d"); }, "/d");
  ExpectNoFailures(RunCrashSweep(sweep), 7 * 10);
  ExpectNoFailures(RunFailSweep(sweep), 2 * 6 * 10);
  ExpectEverySyncNeeded(sweep, 1);
}

TEST(RemoveTreeDurably, AcceptsAbsenceAndFiles) {
  MemFileSystem disk;
  ASSERT_OK(WriteFileDurably(disk, "/f", ""));
  ASSERT_OK(disk.Symlink("/f", "/link"));
  EXPECT_OK(RemoveTreeDurably(disk, "/d"));
  EXPECT_OK(RemoveTreeDurably(disk, "/d/e"));
  EXPECT_OK(RemoveTreeDurably(disk, "/link"));
  EXPECT_THAT(*disk.List("/"), ElementsAre("f"));
  EXPECT_OK(RemoveTreeDurably(disk, "/f"));
  EXPECT_EQ(TreeText(disk, "/"), "");
}

TEST(ReadFile, ReadsTheWholeFileUpToTheLimit) {
  MemFileSystem disk;
  ASSERT_OK(WriteFileDurably(disk, "/f", "abc"));
  EXPECT_EQ(*ReadFile(disk, "/f", 3), "abc");
  EXPECT_THAT(ReadFile(disk, "/f", 2), StatusIs(StatusCode::kResourceExhausted,
                                                "read /f: the file holds 3 bytes, the limit is 2"));
  EXPECT_THAT(ReadFile(disk, "/g", 2), StatusIs(StatusCode::kNotFound));
}

TEST(ReadFile, SurfacesEveryFailedCall) {
  MemFileSystem disk;
  ASSERT_OK(WriteFileDurably(disk, "/f", "abc"));
  for (const FsOp op : {FsOp::kOpenRead, FsOp::kSize, FsOp::kRead}) {
    FaultFileSystem fs(disk);
    FaultRule rule;
    rule.op = op;
    fs.AddRule(rule);
    EXPECT_THAT(ReadFile(fs, "/f", 3), StatusIs(StatusCode::kUnknown, HasSubstr("EIO")));
  }
}

TEST(Exists, TellsAbsenceFromFailure) {
  MemFileSystem disk;
  ASSERT_OK(disk.Symlink("nowhere", "/dangling"));
  ASSERT_OK(WriteFileDurably(disk, "/f", ""));
  EXPECT_TRUE(*Exists(disk, "/dangling"));
  EXPECT_FALSE(*Exists(disk, "/g"));
  EXPECT_THAT(Exists(disk, "/f/g"), StatusIs(StatusCode::kUnknown, HasSubstr("ENOTDIR")));
}

}  // namespace
}  // namespace flatkv
