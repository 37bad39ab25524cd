#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string_view>

#include "flatkv/base/mutex.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/mem_file_system.h"
#include "tests/unit/store/store_test_util.h"

namespace flatkv::test {
namespace {

// Holds up the write-behind where it appends undo records, which it does before it writes rows.
class UndoGate {
 public:
  void Close() {
    MutexLock lock(mu_);
    is_open_ = false;
  }
  void Open() {
    MutexLock lock(mu_);
    is_open_ = true;
    changed_.NotifyAll();
  }
  Status Pass(const FsCall& call) {
    MutexLock lock(mu_);
    while (!is_open_ && call.op == FsOp::kAppend &&
           call.path.find("/undo/") != std::string_view::npos) {
      changed_.Wait(mu_);
    }
    return OkStatus();
  }

 private:
  Mutex mu_;
  CondVar changed_;
  bool is_open_ GUARDED_BY(mu_) = true;
};

TEST(StoreBacklogTest, HoldsTheVersionsThatTheDataDbsLackAndTheirRows) {
  UndoGate gate;
  MemFileSystem disk;
  FaultFileSystem fs(disk);
  StoreOptions options = SmallStoreOptions();
  options.overlay_bytes_max = 1 << 20;
  fs.SetHook([&gate](const FsCall& call) { return gate.Pass(call); });
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> store, OpenStore(fs, options));
  gate.Close();
  EXPECT_EQ(store->Info().backlog.versions, 0u);
  EXPECT_EQ(store->Info().backlog.overlay_bytes, 0u);

  for (const OwnedBlock& block : LoadBlocks("scenario.jsonl")) {
    if (block.version() > 3) {
      break;
    }
    ASSERT_OK(CommitOwned(*store, block));
  }
  EXPECT_EQ(store->Info().backlog.versions, 3u);
  EXPECT_GT(store->Info().backlog.overlay_bytes, 0u);

  gate.Open();
  ASSERT_OK(store->Flush());
  EXPECT_EQ(store->Info().backlog.versions, 0u);
  EXPECT_EQ(store->Info().backlog.overlay_bytes, 0u);
}

TEST(StoreInfoTest, TellsTheFreeSpaceOfTheDiskIfTheDiskDoes) {
  MemFileSystem disk;
  FaultFileSystem fs(disk);
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> store, OpenStore(fs, SmallStoreOptions()));
  ASSERT_OK_AND_ASSIGN(const uint64_t free, disk.FreeBytes(kHome));
  EXPECT_EQ(store->Info().disk_free_bytes, free);
  FaultRule rule;
  rule.op = FsOp::kFreeBytes;
  fs.AddRule(rule);
  EXPECT_EQ(store->Info().disk_free_bytes, std::nullopt);
}

}  // namespace
}  // namespace flatkv::test
