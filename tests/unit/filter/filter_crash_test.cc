// WriteFilterFile under crashes and failures at every call: the old file or the new one, never half
// of one, and the new one once it returned.
#include <gtest/gtest.h>

#include "flatkv/fs/durable.h"
#include "tests/support/crash_sweep.h"
#include "tests/support/status_matchers.h"
#include "tests/support/tree_digest.h"
#include "tests/unit/filter/filter_test_util.h"

namespace flatkv::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr uint64_t kSeed = 31;
constexpr char kPath[] = "/d/filter";

// The filter at version v has the first 1000 * v keys; version 4 has two layers.
Status WriteVersion(FileSystem& fs, Version version) {
  const auto filter = NewFilter(0);
  AddRange(*filter, kSeed, 0, 1000 * static_cast<uint64_t>(version));
  return WriteFilterFile(fs, kPath, *filter, {kStoreId, version});
}

// kNotFound without a file.
StatusOr<Version> ReadVersion(FileSystem& fs) {
  ASSIGN_OR_RETURN(const LoadedFilter loaded, ReadFilterFile(fs, kPath));
  const uint64_t keys = 1000 * static_cast<uint64_t>(loaded.info.version);
  if (CountContained(*loaded.filter, kSeed, 0, keys) != keys) {
    return DataLoss("a key is missing");
  }
  return loaded.info.version;
}

CrashSweep ReplaceSweep(bool exists_before) {
  CrashSweep sweep;
  sweep.setup = [exists_before](MemFileSystem& disk) {
    RETURN_IF_ERROR(MakeDirsDurably(disk, "/d"));
    return exists_before ? WriteVersion(disk, 1) : OkStatus();
  };
  sweep.operation = [](FileSystem& fs) { return WriteVersion(fs, 4); };
  sweep.check = [exists_before](MemFileSystem& disk, const SweepPoint& point) -> Status {
    const StatusOr<Version> version = ReadVersion(disk);
    const bool is_old =
        exists_before ? version.ok() && *version == 1 : IsNotFound(version.status());
    const bool is_new = version.ok() && *version == 4;
    if (!is_new && (point.status.ok() || !is_old)) {
      return version.ok() ? DataLoss("the wrong version") : version.status();
    }
    // Whatever is left does not hinder the next one.
    RETURN_IF_ERROR(WriteVersion(disk, 2));
    ASSIGN_OR_RETURN(const Version next, ReadVersion(*disk.Crash(CrashMode::kDropUnsynced, 0)));
    return next == 2 ? OkStatus() : DataLoss("the next version is lost");
  };
  sweep.modes = {CrashMode::kKeepAll, CrashMode::kDropUnsynced, CrashMode::kOrderedPrefix,
                 CrashMode::kAnySubset, CrashMode::kTornSectors};
  return sweep;
}

void ExpectNoFailures(const SweepResult& result, uint64_t states_min) {
  EXPECT_EQ(result.failures, 0) << "of " << result.states << "; first: " << result.first_failure;
  EXPECT_GE(result.states, states_min);
}

TEST(WriteFilterFile, SyncsTheFileThenRenamesThenSyncsTheDirectory) {
  MemFileSystem disk;
  ASSERT_OK(disk.MakeDir("/d"));
  FaultFileSystem fs(disk);
  ASSERT_OK(WriteVersion(fs, 4));
  EXPECT_THAT(
      fs.trace(),
      ElementsAre("create /d/filter-tmp", "append /d/filter-tmp", "append /d/filter-tmp",
                  "append /d/filter-tmp", "append /d/filter-tmp", "sync /d/filter-tmp",
                  "close /d/filter-tmp", "rename /d/filter-tmp -> /d/filter", "syncdir /d"));
}

TEST(WriteFilterFile, LeavesOldOrNewAfterACrashAtAnyCall) {
  ExpectNoFailures(RunCrashSweep(ReplaceSweep(true)), 10 * 14);
  ExpectNoFailures(RunCrashSweep(ReplaceSweep(false)), 10 * 14);
}

TEST(WriteFilterFile, LeavesOldOrNewAfterAFailureOfAnyCall) {
  ExpectNoFailures(RunFailSweep(ReplaceSweep(true)), 2 * 9 * 14);
  ExpectNoFailures(RunFailSweep(ReplaceSweep(false)), 2 * 9 * 14);
}

TEST(WriteFilterFile, NeedsEachOfItsSyncs) {
  const std::vector<SyncAblation> ablations = RunSyncAblation(ReplaceSweep(true));
  EXPECT_EQ(ablations.size(), 2u);
  for (const SyncAblation& ablation : ablations) {
    EXPECT_GT(ablation.result.failures, 0) << "nothing fails without '" << ablation.call << "'";
  }
}

TEST(WriteFilterFile, RemovesItsTemporaryFileWhenACallFails) {
  MemFileSystem disk;
  ASSERT_OK(disk.MakeDir("/d"));
  const std::string before = TreeText(disk, "/");
  for (const FsOp op : {FsOp::kAppend, FsOp::kSync, FsOp::kClose, FsOp::kRename}) {
    FaultFileSystem fs(disk);
    FaultRule rule;
    rule.op = op;
    rule.skip = op == FsOp::kAppend ? 2 : 0;
    rule.error_number = ENOSPC;
    fs.AddRule(rule);
    EXPECT_THAT(WriteVersion(fs, 1),
                StatusIs(StatusCode::kResourceExhausted, HasSubstr(std::string(FsOpName(op)))));
    EXPECT_EQ(TreeText(disk, "/"), before) << FsOpName(op);
  }
}

}  // namespace
}  // namespace flatkv::test
