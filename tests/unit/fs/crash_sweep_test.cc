#include "tests/support/crash_sweep.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "flatkv/fs/durable.h"
#include "tests/support/status_matchers.h"

namespace flatkv {
namespace {

using test::CrashMode;
using test::CrashSweep;
using test::MemFileSystem;
using test::SweepPoint;
using test::SweepResult;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Fault = SweepPoint::Fault;

// Overwrites in place and syncs nothing: wrong on purpose.
Status WriteCarelessly(FileSystem& fs) {
  ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> file, fs.Create("/f"));
  RETURN_IF_ERROR(file->Append("new"));
  return file->Close();
}

Status OldOrNew(MemFileSystem& disk, const SweepPoint& point) {
  const std::string content = ReadFile(disk, "/f", 100).value_or("(unreadable)");
  return content == "new" || (content == "old" && !point.status.ok()) ? OkStatus()
                                                                      : DataLoss(content);
}

CrashSweep CarelessSweep() {
  CrashSweep sweep;
  sweep.setup = [](MemFileSystem& disk) { return WriteFileDurably(disk, "/f", "old"); };
  sweep.operation = WriteCarelessly;
  sweep.check = OldOrNew;
  return sweep;
}

TEST(CrashSweep, VisitsEveryCallModeAndSeedAndTheEnd) {
  CrashSweep sweep = CarelessSweep();
  std::set<std::string> points;
  sweep.check = [&points](MemFileSystem&, const SweepPoint& point) {
    points.insert(ToString(point));
    return OkStatus();
  };
  const SweepResult result = RunCrashSweep(sweep);
  EXPECT_THAT(result.trace, ElementsAre("create /f", "append /f", "close /f"));
  // 3 calls and the end, 2 modes without seed and 2 with 4 seeds, and the torn append.
  EXPECT_EQ(result.states, 4 * (2 + 2 * 4) + 1);
  EXPECT_EQ(points.size(), result.states);
  EXPECT_EQ(result.failures, 0) << result.first_failure;
}

TEST(CrashSweep, FindsAndNamesAViolationThatCanBeReplayed) {
  CrashSweep sweep = CarelessSweep();
  std::vector<SweepPoint> violations;
  sweep.check = [&violations](MemFileSystem& disk, const SweepPoint& point) {
    const Status status = OldOrNew(disk, point);
    if (!status.ok()) {
      violations.push_back(point);
    }
    return status;
  };
  const SweepResult result = RunCrashSweep(sweep);
  EXPECT_EQ(result.failures, violations.size());
  ASSERT_FALSE(violations.empty());
  const SweepPoint first = violations.front();
  EXPECT_THAT(result.first_failure, HasSubstr(ToString(first)));

  sweep.only = first;
  violations.clear();
  const SweepResult replayed = RunCrashSweep(sweep);
  EXPECT_EQ(replayed.states, 1);
  EXPECT_EQ(replayed.failures, 1);
  EXPECT_EQ(replayed.first_failure, result.first_failure);
}

TEST(CrashSweep, PrintsAPointAsItIsWrittenInATest) {
  const SweepPoint point{.fault = Fault::kFailOnce,
                         .index = 3,
                         .mode = CrashMode::kAnySubset,
                         .seed = 7,
                         .status = Internal("x"),
                         .call = "sync /f"};
  EXPECT_EQ(ToString(point),
            "{.fault = Fault::kFailOnce, .index = 3, .mode = CrashMode::kAnySubset, .seed = 7} "
            "(sync /f; returned INTERNAL: x)");
}

TEST(CrashSweep, ToleratesAnOperationThatMakesFewerCallsTheNextTime) {
  CrashSweep sweep = CarelessSweep();
  int runs = 0;
  sweep.operation = [&runs](FileSystem& fs) {
    return runs++ == 0 ? WriteCarelessly(fs) : fs.SyncDir("/");
  };
  uint64_t completed = 0;
  sweep.check = [&completed](MemFileSystem&, const SweepPoint& point) {
    completed += point.status.ok() ? 1U : 0U;
    return OkStatus();
  };
  const SweepResult result = RunCrashSweep(sweep);
  EXPECT_EQ(result.failures, 0) << result.first_failure;
  EXPECT_EQ(result.states - completed, 10);  // only index 0 was reached
}

TEST(CrashSweep, ReportsAnOperationThatFailsUndisturbed) {
  CrashSweep sweep = CarelessSweep();
  sweep.operation = [](FileSystem&) { return Internal("broken"); };
  const SweepResult result = RunCrashSweep(sweep);
  EXPECT_EQ(result.states, 0);
  EXPECT_EQ(result.failures, 1);
  EXPECT_THAT(result.first_failure, HasSubstr("broken"));
}

TEST(FailSweep, FailsEveryCallOnceForeverAndShort) {
  CrashSweep sweep = CarelessSweep();
  std::set<std::string> faults;
  sweep.check = [&faults](MemFileSystem&, const SweepPoint& point) {
    EXPECT_FALSE(point.status.ok());
    faults.insert(std::to_string(static_cast<int>(point.fault)) + " " + point.call);
    return OkStatus();
  };
  const SweepResult result = RunFailSweep(sweep);
  EXPECT_EQ(result.failures, 0) << result.first_failure;
  EXPECT_EQ(result.states, (2 * 3 + 1) * 10);
  EXPECT_EQ(faults.size(), 7);
}

TEST(SyncAblation, FindsAUselessSync) {
  CrashSweep sweep = CarelessSweep();
  sweep.operation = [](FileSystem& fs) {
    RETURN_IF_ERROR(WriteFileDurably(fs, "/f", "new"));
    return fs.SyncDir("/");
  };
  const std::vector<test::SyncAblation> ablations = RunSyncAblation(sweep);
  ASSERT_EQ(ablations.size(), 3);
  EXPECT_EQ(ablations[0].call, "sync /f-tmp");
  EXPECT_GT(ablations[0].result.failures, 0);
  // Either of two directory syncs in a row covers for the other.
  EXPECT_EQ(ablations[1].result.failures, 0);
  EXPECT_EQ(ablations[2].result.failures, 0);
}

}  // namespace
}  // namespace flatkv
