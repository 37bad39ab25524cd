// Old rows that are read past the page cache.
#include "flatkv/store/direct_reads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "flatkv/fs/posix_file_system.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/random_blocks.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/store/store_admin_util.h"
#include "tests/unit/store/store_test_util.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kMiB = uint64_t{1} << 20;

TEST(TooLargeForPageCacheTest, IsMoreThanFiveFourthsOfTheRoom) {
  EXPECT_FALSE(TooLargeForPageCache(1000 * kMiB, 1000 * kMiB));
  EXPECT_FALSE(TooLargeForPageCache(1250 * kMiB, 1000 * kMiB));
  EXPECT_TRUE(TooLargeForPageCache(1260 * kMiB, 1000 * kMiB));
  EXPECT_TRUE(TooLargeForPageCache(1 * kMiB, 0));
  EXPECT_FALSE(TooLargeForPageCache(0, 0));
  EXPECT_FALSE(TooLargeForPageCache(UINT64_MAX / 2, UINT64_MAX));
}

// A disk of a machine with so much memory for files.
class RoomFileSystem final : public FaultFileSystem {
 public:
  using FaultFileSystem::FaultFileSystem;
  void SetRoom(uint64_t room_bytes) { room_bytes_ = room_bytes; }
  uint64_t PageCacheRoom() const override { return room_bytes_; }

 private:
  std::atomic<uint64_t> room_bytes_ = UINT64_MAX;
};

class DirectReadsTest : public ::testing::Test {
 protected:
  static constexpr int kRows = 64;

  // A version that writes rows of more than a MiB.
  static OwnedBlock Codes(Version version, char byte) {
    OwnedBlock block(version);
    for (int i = 0; i < kRows; ++i) {
      block.Set("evm", '\x07' + std::string(20, static_cast<char>(i)), std::string(20'000, byte));
    }
    return block;
  }
  static StoreOptions Options(DirectReadsChoice choice) {
    StoreOptions options = SmallStoreOptions(Suite::kBlake3);
    options.row_cache_bytes = 0;
    options.direct_reads = choice;
    return options;
  }
  StatusOr<std::unique_ptr<Store>> Open(DirectReadsChoice choice) {
    return Store::Open(fs_, logger_, dir_.File("home"), Options(choice));
  }
  // A store whose rows are all in tables.
  StatusOr<std::unique_ptr<Store>> Prepare(DirectReadsChoice choice) {
    ASSIGN_OR_RETURN(std::unique_ptr<Store> store, Open(choice));
    RETURN_IF_ERROR(CommitOwned(*store, Codes(1, 'a')).status());
    RETURN_IF_ERROR(store->Close());
    return Open(choice);
  }

  const TempDir dir_;
  RoomFileSystem fs_{PosixFileSystem()};
  CollectingLogger logger_;
};

TEST_F(DirectReadsTest, AreChosenWhileMemoryHasNoRoomForTheTables) {
  fs_.SetRoom(0);
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> store, Prepare(DirectReadsChoice::kAuto));
  ASSERT_OK(CommitOwned(*store, Codes(2, 'b')));
  EXPECT_THAT(logger_.All(), HasSubstr("past the page cache from now on"));
  // Unless this system refuses them.
  EXPECT_EQ(store->Stats().direct_reads,
            logger_.Complaints().find("are refused") == std::string::npos);
  ASSERT_OK(store->Close());
}

TEST_F(DirectReadsTest, AreNotChosenWhileItHas) {
  fs_.SetRoom(100 * kMiB);
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> store, Prepare(DirectReadsChoice::kAuto));
  ASSERT_OK(CommitOwned(*store, Codes(2, 'b')));
  EXPECT_FALSE(store->Stats().direct_reads);
  ASSERT_OK(store->Close());
}

TEST_F(DirectReadsTest, AreNotChosenWhereTheyAreOff) {
  fs_.SetRoom(0);
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> store, Prepare(DirectReadsChoice::kNever));
  ASSERT_OK(CommitOwned(*store, Codes(2, 'b')));
  EXPECT_FALSE(store->Stats().direct_reads);
  ASSERT_OK(store->Close());
}

TEST_F(DirectReadsTest, GiveTheSameRoots) {
  constexpr uint64_t kSeed = 31;
  constexpr Version kVersions = 120;
  SCOPED_TRACE(kSeed);
  MemFileSystem memory;
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> plain,
                       OpenStore(memory, Options(DirectReadsChoice::kNever)));
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<Store> direct, Open(DirectReadsChoice::kAlways));
  RandomBlocks blocks(kSeed);
  for (Version version = 1; version <= kVersions; ++version) {
    const OwnedBlock block = blocks.Next(version, 60);
    ASSERT_OK_AND_ASSIGN(const CommitResult wanted, CommitOwned(*plain, block));
    ASSERT_OK_AND_ASSIGN(const CommitResult got, CommitOwned(*direct, block));
    ASSERT_EQ(Hex(got.root), Hex(wanted.root)) << "version " << version;
    if (version % 10 == 0) {
      // What was written is in tables only.
      ASSERT_OK(direct->Close());
      ASSERT_OK_AND_ASSIGN(direct, Open(DirectReadsChoice::kAlways));
    }
  }
  ASSERT_OK(direct->Close());
}

TEST_F(DirectReadsTest, OneThatFailsFailsTheCommitWhichChangesNothing) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> store, Prepare(DirectReadsChoice::kAlways));
  const StoreInfo before = store->Info();
  FaultRule rule;
  rule.op = FsOp::kRead;
  rule.path_contains = ".ldb";
  rule.skip = 20;
  fs_.AddRule(rule);
  EXPECT_THAT(CommitOwned(*store, Codes(2, 'b')).status().message(), HasSubstr("read"));
  EXPECT_EQ(store->Info().root, before.root);
  EXPECT_EQ(store->Info().version, before.version);
  ASSERT_OK(CommitOwned(*store, Codes(2, 'b')));
  ASSERT_OK(store->Close());
}

TEST_F(DirectReadsTest, GoOnAfterARowThatIsTooLargeForThem) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<Store> store, Open(DirectReadsChoice::kAlways));
  for (Version version = 1; version <= 2; ++version) {
    OwnedBlock block(version);
    block.Set("bank", "large", std::string(100'000, static_cast<char>('a' + version)));
    ASSERT_OK(CommitOwned(*store, block));
    ASSERT_OK(store->Close());
    ASSERT_OK_AND_ASSIGN(store, Open(DirectReadsChoice::kAlways));
  }
  // The tables are open: all that is read is the row.
  for (Version version = 3; version <= 4; ++version) {
    OwnedBlock block(version);
    block.Set("bank", "large", std::to_string(version));
    ASSERT_OK(CommitOwned(*store, block));
  }
  EXPECT_THAT(logger_.Complaints(), ::testing::Not(HasSubstr("are refused")));
  ASSERT_OK(store->Close());
}

TEST_F(DirectReadsTest, ArePlainOnesWhereTheSystemRefusesThem) {
  MemFileSystem memory;
  const auto open = [&] {
    return Store::Open(memory, logger_, kHome, Options(DirectReadsChoice::kAlways));
  };
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<Store> store, open());
  ASSERT_OK(CommitOwned(*store, Codes(1, 'a')));
  ASSERT_OK(store->Close());
  ASSERT_OK_AND_ASSIGN(store, open());
  ASSERT_OK(CommitOwned(*store, Codes(2, 'b')));
  EXPECT_FALSE(store->Stats().direct_reads);
  EXPECT_THAT(logger_.Complaints(), HasSubstr("reads past it are refused"));
  ASSERT_OK(CommitOwned(*store, Codes(3, 'c')));
  EXPECT_FALSE(store->Stats().direct_reads);
  ASSERT_OK(store->Close());
}

}  // namespace
}  // namespace flatkv::test
