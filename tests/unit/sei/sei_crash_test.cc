// Crash at every file call of a conversion, fail every one, and leave out every sync.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "flatkv/archive/archive_verify.h"
#include "flatkv/fs/durable.h"
#include "flatkv/sei/sei_stream.h"
#include "tests/support/crash_sweep.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/sei/sei_test_util.h"

namespace flatkv::test {
namespace {

constexpr uint64_t kPartBytes = 200;

Status SetUp(MemFileSystem& disk) {
  RETURN_IF_ERROR(WriteArchive(disk, "/archive", FewRows(), Suite::kBlake3, EmptyEntry()));
  return WriteFile(disk, "/stream", Pack(Encode(ItemsOf(FewRows()))));
}

Status Send(FileSystem& fs, bool one_file) {
  return ArchiveToSei(
             fs, {.from = "/archive", .to = "/out", .one_file = one_file, .part_bytes = kPartBytes},
             nullptr)
      .status();
}

// Whatever has the name is the whole stream.
Status CheckStream(FileSystem& fs, bool must_be_there) {
  ASSIGN_OR_RETURN(const bool exists, Exists(fs, "/out"));
  if (!exists) {
    return must_be_there ? DataLoss("the stream is gone") : OkStatus();
  }
  FromSeiOptions options = FromSeiInto(fs, "/out", "/check");
  options.part_bytes = kPartBytes;
  RETURN_IF_ERROR(SeiToArchive(fs, options, nullptr).status());
  RETURN_IF_ERROR(RemoveTreeDurably(fs, "/check"));
  return OkStatus();
}

CrashSweep ToSeiSweep(bool one_file) {
  CrashSweep sweep;
  sweep.setup = SetUp;
  sweep.operation = [one_file](FileSystem& fs) { return Send(fs, one_file); };
  sweep.check = [one_file](MemFileSystem& disk, const SweepPoint& point) -> Status {
    RETURN_IF_ERROR(CheckStream(disk, point.status.ok()));
    // The same command, whatever is left.
    ASSIGN_OR_RETURN(const bool exists, Exists(disk, "/out"));
    RETURN_IF_ERROR(exists ? OkStatus() : Send(disk, one_file));
    return exists ? OkStatus() : CheckStream(*disk.Crash(CrashMode::kDropUnsynced, 0), true);
  };
  return sweep;
}

CrashSweep FromSeiSweep() {
  CrashSweep sweep;
  sweep.setup = SetUp;
  const auto run = [](FileSystem& fs) {
    return SeiToArchive(fs, FromSeiInto(fs, "/stream", "/out"), nullptr).status();
  };
  sweep.operation = run;
  sweep.check = [run](MemFileSystem& disk, const SweepPoint& point) -> Status {
    if (point.status.ok() && FilesOf(disk, "/out") != FilesOf(disk, "/archive")) {
      return DataLoss("the archive is not whole");
    }
    // The same command, whatever is left.
    RETURN_IF_ERROR(run(disk));
    const std::unique_ptr<MemFileSystem> after = disk.Crash(CrashMode::kDropUnsynced, 0);
    return FilesOf(*after, "/out") == FilesOf(*after, "/archive")
               ? OkStatus()
               : DataLoss("the archive differs from the exported one");
  };
  return sweep;
}

TEST(SeiCrash, AtEveryCallLeavesAWholeStreamOrNone) {
  for (const bool one_file : {false, true}) {
    const CrashSweep sweep = ToSeiSweep(one_file);
    const SweepResult crashed = RunCrashSweep(sweep);
    EXPECT_EQ(crashed.failures, 0u) << crashed.first_failure;
    const SweepResult failed = RunFailSweep(sweep);
    EXPECT_EQ(failed.failures, 0u) << failed.first_failure;
    fmt::print("{} calls, {} crash states\n", crashed.trace.size(), crashed.states + failed.states);
    EXPECT_GT(crashed.states, 50u);
  }
}

TEST(SeiCrash, EverySyncOfAStreamIsNeeded) {
  for (const bool one_file : {false, true}) {
    // By call: that the parent is synced after NAME-tmp is made serves missing parents only; the
    // same call comes again after the rename.
    std::map<std::string, uint64_t> failures;
    for (const SyncAblation& ablation : RunSyncAblation(ToSeiSweep(one_file))) {
      failures[ablation.call] += ablation.result.failures;
    }
    EXPECT_GE(failures.size(), 2u);
    for (const auto& [call, count] : failures) {
      EXPECT_GT(count, 0u) << call;
    }
  }
}

TEST(SeiCrash, AtEveryCallAConversionIntoAnArchiveCanBeRepeated) {
  const CrashSweep sweep = FromSeiSweep();
  const SweepResult crashed = RunCrashSweep(sweep);
  EXPECT_EQ(crashed.failures, 0u) << crashed.first_failure;
  const SweepResult failed = RunFailSweep(sweep);
  EXPECT_EQ(failed.failures, 0u) << failed.first_failure;
  EXPECT_GT(crashed.states, 50u);
}

}  // namespace
}  // namespace flatkv::test
