// Crash at every file call of an export and fail every one.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "flatkv/archive/archive_verify.h"
#include "flatkv/fs/durable.h"
#include "tests/support/crash_sweep.h"
#include "tests/unit/archive/archive_test_util.h"

namespace flatkv::test {
namespace {

Status Check(FileSystem& fs, const std::string& path, bool must_be_whole) {
  ASSIGN_OR_RETURN(const bool exists, Exists(fs, path));
  if (!exists) {
    return must_be_whole ? DataLoss("the archive is gone") : OkStatus();
  }
  ASSIGN_OR_RETURN(const ArchiveReport report, VerifyArchive(fs, path, 1, nullptr));
  if (report.findings.empty()) {
    return OkStatus();
  }
  // What is not whole says so: it has no manifest.
  return !must_be_whole &&
                 report.findings.front().find("MANIFEST: there is none") != std::string::npos
             ? OkStatus()
             : DataLoss(report.findings.front());
}

CrashSweep DirectorySweep(const SampleArchive& archive) {
  CrashSweep sweep;
  sweep.operation = [&](FileSystem& fs) { return archive.ExportTo(fs, "/out/archive"); };
  sweep.check = [&](MemFileSystem& disk, const SweepPoint& point) -> Status {
    RETURN_IF_ERROR(Check(disk, "/out/archive", point.status.ok()));
    // The same command goes on with whatever is left.
    RETURN_IF_ERROR(archive.ExportTo(disk, "/out/archive"));
    return Check(*disk.Crash(CrashMode::kDropUnsynced, 0), "/out/archive", true);
  };
  return sweep;
}

CrashSweep FileSweep(const SampleArchive& archive) {
  CrashSweep sweep;
  const auto run = [&](FileSystem& fs) -> Status {
    ASSIGN_OR_RETURN(const std::unique_ptr<ArchiveWriter> writer,
                     CreateArchiveFile(fs, "/archive"));
    return archive.Export(*writer);
  };
  sweep.operation = run;
  sweep.check = [run](MemFileSystem& disk, const SweepPoint& point) -> Status {
    RETURN_IF_ERROR(Check(disk, "/archive", point.status.ok()));
    ASSIGN_OR_RETURN(const bool exists, Exists(disk, "/archive"));
    return exists ? OkStatus() : run(disk);
  };
  return sweep;
}

TEST(ArchiveCrash, AtEveryCallLeavesAWholeArchiveOrNone) {
  const SampleArchive archive;
  for (const CrashSweep& sweep : {DirectorySweep(archive), FileSweep(archive)}) {
    const SweepResult result = RunCrashSweep(sweep);
    EXPECT_EQ(result.failures, 0u) << result.first_failure;
    fmt::print("{} calls, {} crash states\n", result.trace.size(), result.states);
    EXPECT_GT(result.states, 200u);
    const SweepResult failed = RunFailSweep(sweep);
    EXPECT_EQ(failed.failures, 0u) << failed.first_failure;
  }
}

}  // namespace
}  // namespace flatkv::test
