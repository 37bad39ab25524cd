// Crash at every file call of an import that replaces a store, and fail calls of it: the old store
// intact or the new one whole, and the same import again ends with the new one.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "flatkv/fs/path.h"
#include "tests/support/crash_sweep.h"
#include "tests/unit/store/archive_fixture.h"

namespace flatkv::test {
namespace {

constexpr Version kOld = 2;
constexpr Version kNew = 4;

struct Roots {
  Digest old_root{};
  Digest new_root{};
};

Status SetUp(MemFileSystem& disk, bool has_store, Roots* roots) {
  const std::vector<OwnedBlock> blocks = ArchiveBlocks(kNew);
  ASSIGN_OR_RETURN(std::unique_ptr<Store> source, StoreOf(disk, "/source", blocks, kNew));
  RETURN_IF_ERROR(ExportStore(disk, *source, "/archive"));
  roots->new_root = source->CommittedRoot().root;
  RETURN_IF_ERROR(source->Close());
  if (has_store) {
    ASSIGN_OR_RETURN(std::unique_ptr<Store> old,
                     StoreOf(disk, kHome, ArchiveBlocks(kOld, 77), kOld));
    roots->old_root = old->CommittedRoot().root;
    RETURN_IF_ERROR(old->Close());
  }
  return OkStatus();
}

Status Import(FileSystem& fs) {
  ImportOptions options = ImportTo(kHome, true);
  options.threads = 1;
  return ImportArchive(fs, NullLogger(), "/archive", options, nullptr).status();
}

// The version that the home's store stands at.
StatusOr<Version> OpenAndCheck(MemFileSystem& disk, const Roots& roots) {
  StoreOptions options = SmallStoreOptions();
  options.threads = 1;
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, OpenStore(disk, options));
  const VersionRoot head = store->CommittedRoot();
  const bool is_old = head.version == kOld && head.root == roots.old_root;
  const bool is_new = head.version == kNew && head.root == roots.new_root;
  if (!is_old && !is_new) {
    return DataLoss(fmt::format("the store stands at version {}", head.version));
  }
  RETURN_IF_ERROR(store->VerifyRows());
  RETURN_IF_ERROR(store->Close());
  return head.version;
}

CrashSweep ImportSweep(bool has_store, Roots* roots) {
  CrashSweep sweep;
  sweep.setup = [has_store, roots](MemFileSystem& disk) { return SetUp(disk, has_store, roots); };
  sweep.operation = Import;
  sweep.check = [has_store, roots](MemFileSystem& disk, const SweepPoint& point) -> Status {
    const bool is_there = disk.Stat(JoinPath(kHome, "flatkv")).ok();
    if (!is_there && (has_store || point.status.ok())) {
      return DataLoss("there is no store");
    }
    Version version = 0;
    if (is_there) {
      ASSIGN_OR_RETURN(version, OpenAndCheck(disk, *roots));
    }
    if (version != kNew) {
      if (point.status.ok()) {
        return DataLoss("an import that was acknowledged is lost");
      }
      RETURN_IF_ERROR(Import(disk));
      ASSIGN_OR_RETURN(version, OpenAndCheck(disk, *roots));
    }
    return version == kNew ? OkStatus() : DataLoss("the import did not go on");
  };
  sweep.modes = {CrashMode::kDropUnsynced, CrashMode::kAnySubset};
  sweep.seeds = 1;
  return sweep;
}

// The calls that change names, and the syncs: where a crash leaves something else than before.
bool ChangesNames(const FsCall& call) {
  return IsMutating(call.op) && call.op != FsOp::kAppend && call.op != FsOp::kClose &&
         call.op != FsOp::kStartWriteback && call.op != FsOp::kLock;
}

TEST(ImportCrash, AtEveryCallLeavesTheOldStoreOrTheNewOne) {
  Roots roots;
  const SweepResult result = RunCrashSweep(ImportSweep(true, &roots));
  EXPECT_EQ(result.failures, 0u) << result.first_failure;
  fmt::print("{} calls, {} crash states\n", result.trace.size(), result.states);
  EXPECT_GT(result.states, 300u);
}

TEST(ImportCrash, IntoAnEmptyHomeLeavesNoStoreOrTheNewOne) {
  Roots roots;
  CrashSweep sweep = ImportSweep(false, &roots);
  sweep.counted = ChangesNames;
  sweep.modes = {CrashMode::kKeepAll};
  const SweepResult result = RunCrashSweep(sweep);
  EXPECT_EQ(result.failures, 0u) << result.first_failure;
  fmt::print("{} calls, {} crash states\n", result.trace.size(), result.states);
}

TEST(ImportCrash, FailingACallLeavesTheOldStoreOrTheNewOne) {
  Roots roots;
  CrashSweep sweep = ImportSweep(true, &roots);
  sweep.counted = ChangesNames;
  sweep.modes = {CrashMode::kDropUnsynced};
  sweep.error_number = ENOSPC;
  const SweepResult result = RunFailSweep(sweep);
  EXPECT_EQ(result.failures, 0u) << result.first_failure;
  fmt::print("{} calls, {} states\n", result.trace.size(), result.states);
}

}  // namespace
}  // namespace flatkv::test
