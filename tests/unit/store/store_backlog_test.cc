#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "tests/support/call_gate.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/mem_file_system.h"
#include "tests/unit/store/store_test_util.h"

namespace flatkv::test {
namespace {

TEST(StoreBacklogTest, HoldsTheVersionsThatTheDataDbsLackAndTheirRows) {
  // The write-behind appends undo records before it writes rows.
  CallGate gate(FsOp::kAppend, "/undo/");
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
