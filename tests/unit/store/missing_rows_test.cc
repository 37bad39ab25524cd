// Old rows that are in no memory of the store, read by several threads at once.
#include "flatkv/store/missing_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "flatkv/base/mutex.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/mem_file_system.h"
#include "tests/unit/store/store_test_util.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;

constexpr int kRows = 64;
constexpr size_t kCodeBytes = 6000;  // more than a block: each row has one of its own

OwnedBlock CodeOfAll(Version version, char byte) {
  OwnedBlock block(version);
  for (int i = 0; i < kRows; ++i) {
    const std::string address(20, static_cast<char>(i));
    block.Set("evm", '\x07' + address, std::string(kCodeBytes, byte));
  }
  return block;
}

// Holds reads of tables until so many are under way at once, or some seconds have passed.
class Barrier {
 public:
  void Expect(int reads) {
    MutexLock lock(mu_);
    wanted_ = reads;
    most_ = 0;
  }
  int most() {
    MutexLock lock(mu_);
    return most_;
  }
  void Read() {
    MutexLock lock(mu_);
    if (wanted_ == 0) {
      return;
    }
    most_ = std::max(most_, ++reading_);
    changed_.NotifyAll();
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (most_ < wanted_ && std::chrono::steady_clock::now() < give_up) {
      changed_.WaitFor(mu_, std::chrono::milliseconds(100));
    }
    --reading_;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  int wanted_ GUARDED_BY(mu_) = 0;
  int reading_ GUARDED_BY(mu_) = 0;
  int most_ GUARDED_BY(mu_) = 0;
};

// A disk with or without a cache before it.
class CachedFileSystem final : public FaultFileSystem {
 public:
  using FaultFileSystem::FaultFileSystem;
  void SetCached(bool is_cached) { is_cached_ = is_cached; }
  uint64_t DeviceReadsOfThisThread() const override {
    return is_cached_ ? 0 : FaultFileSystem::DeviceReadsOfThisThread();
  }

 private:
  std::atomic<bool> is_cached_ = false;
};

class MissingRowsTest : public ::testing::Test {
 protected:
  MissingRowsTest() {
    fs_.SetHook([this](const FsCall& call) {
      if (call.op == FsOp::kRead && call.path.ends_with(".ldb")) {
        barrier_.Read();
      }
      return OkStatus();
    });
  }
  // A store whose rows are all on the disk and in no memory.
  std::unique_ptr<Store> Prepare(size_t read_threads) {
    StoreOptions options = SmallStoreOptions(Suite::kBlake3);
    options.row_cache_bytes = 0;
    options.read_threads = read_threads;
    StatusOr<std::unique_ptr<Store>> store = OpenStore(fs_, options);
    EXPECT_OK(store);
    EXPECT_OK(CommitOwned(**store, CodeOfAll(1, 'a')));
    EXPECT_OK((*store)->Close());
    store = OpenStore(fs_, options);
    EXPECT_OK(store);
    // The first read of a table opens it; that is not what is counted.
    const std::string address(20, '\0');
    OwnedBlock one(2);
    one.Set("evm", '\x07' + address, "x");
    EXPECT_OK(CommitOwned(**store, one));
    return *std::move(store);
  }

  MemFileSystem disk_;
  CachedFileSystem fs_{disk_};
  Barrier barrier_;
};

TEST_F(MissingRowsTest, AreReadByManyThreadsAtOnce) {
  constexpr int kThreads = 7;
  const std::unique_ptr<Store> store = Prepare(kThreads);
  barrier_.Expect(kThreads);
  ASSERT_OK(CommitOwned(*store, CodeOfAll(3, 'b')));
  EXPECT_EQ(barrier_.most(), kThreads);
  barrier_.Expect(0);
  ASSERT_OK(store->Close());
}

TEST_F(MissingRowsTest, AreReadByTheComputingThreadsWhileACacheAnswers) {
  const auto computing = static_cast<int>(SmallStoreOptions(Suite::kBlake3).threads);
  const std::unique_ptr<Store> store = Prepare(7);
  fs_.SetCached(true);
  // This one finds out.
  ASSERT_OK(CommitOwned(*store, CodeOfAll(3, 'b')));
  ASSERT_OK(store->Flush());
  barrier_.Expect(computing);
  ASSERT_OK(CommitOwned(*store, CodeOfAll(4, 'c')));
  EXPECT_EQ(barrier_.most(), computing);
  // And this one that the disk answers again.
  fs_.SetCached(false);
  barrier_.Expect(0);
  ASSERT_OK(store->Flush());
  ASSERT_OK(CommitOwned(*store, CodeOfAll(5, 'd')));
  ASSERT_OK(store->Flush());
  barrier_.Expect(7);
  ASSERT_OK(CommitOwned(*store, CodeOfAll(6, 'e')));
  EXPECT_EQ(barrier_.most(), 7);
  barrier_.Expect(0);
  ASSERT_OK(store->Close());
}

TEST_F(MissingRowsTest, AreReadOneByOneByOneThread) {
  const std::unique_ptr<Store> store = Prepare(1);
  barrier_.Expect(1);
  ASSERT_OK(CommitOwned(*store, CodeOfAll(3, 'b')));
  EXPECT_EQ(barrier_.most(), 1);
  ASSERT_OK(store->Close());
}

TEST_F(MissingRowsTest, OneThatCannotBeReadFailsTheCommitWhichChangesNothing) {
  const std::unique_ptr<Store> store = Prepare(4);
  const StoreInfo before = store->Info();
  FaultRule rule;
  rule.op = FsOp::kRead;
  rule.path_contains = ".ldb";
  rule.skip = 20;
  fs_.AddRule(rule);
  EXPECT_THAT(CommitOwned(*store, CodeOfAll(3, 'b')).status().message(), HasSubstr("read"));
  EXPECT_EQ(store->Info().root, before.root);
  EXPECT_EQ(store->Info().version, before.version);
  ASSERT_OK(CommitOwned(*store, CodeOfAll(3, 'b')));
  ASSERT_OK(store->Close());
}

}  // namespace
}  // namespace flatkv::test
