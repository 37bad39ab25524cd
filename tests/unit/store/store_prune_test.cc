// Old changelog goes while commits go on.
#include <chrono>
#include <future>
#include <thread>

#include "tests/unit/store/snapshot_fixture.h"

namespace flatkv::test {
namespace {

using std::chrono::seconds;

// Once armed, holds the next removal of a changelog segment until it is let go.
class HeldRemoval {
 public:
  explicit HeldRemoval(FaultFileSystem& fs) {
    fs.SetHook([this](const FsCall& call) {
      if (call.op == FsOp::kRemoveFile && call.path.find(kChangelogName) != std::string::npos &&
          is_armed_.exchange(false)) {
        reached_.set_value();
        let_go_.get_future().wait_for(seconds(60));
      }
      return OkStatus();
    });
  }
  void Arm() { is_armed_ = true; }
  bool WaitUntilReached() {
    return reached_.get_future().wait_for(seconds(60)) == std::future_status::ready;
  }
  void LetGo() { let_go_.set_value(); }

 private:
  std::atomic<bool> is_armed_ = false;
  std::promise<void> reached_;
  std::promise<void> let_go_;
};

class StorePruneTest : public SnapshotFixture {
 protected:
  StorePruneTest() {
    options_.undo_depth = 0;
    options_.snapshot.policy = SnapshotPolicy::kManual;
    options_.snapshot.keep_recent = 0;
  }

  // A store whose next snapshot leaves changelog behind.
  StatusOr<std::unique_ptr<Store>> OpenWithSnapshot() {
    ASSIGN_OR_RETURN(std::unique_ptr<Store> store, Open());
    RETURN_IF_ERROR(CommitTo(*store, history_, 5));
    RETURN_IF_ERROR(store->admin().CreateSnapshot().status());
    RETURN_IF_ERROR(CommitTo(*store, history_, 20));
    return store;
  }
};

// Commits `version` and returns whether it was done in time.
bool CommitsInTime(Store& store, const History& history, Version version) {
  std::future<Status> done =
      std::async(std::launch::async, [&] { return CommitTo(store, history, version); });
  return done.wait_for(seconds(30)) == std::future_status::ready && done.get().ok();
}

TEST_F(StorePruneTest, CommitsGoOnWhileASnapshotRemovesOldChangelog) {
  HeldRemoval removal(fault_);
  ASSERT_OK_AND_ASSIGN(const auto store, OpenWithSnapshot());
  const Version oldest = store->Info().oldest_version;
  removal.Arm();
  std::future<Status> snapshot =
      std::async(std::launch::async, [&] { return store->admin().CreateSnapshot().status(); });
  ASSERT_TRUE(removal.WaitUntilReached());
  const bool committed = CommitsInTime(*store, history_, 25);
  removal.LetGo();
  EXPECT_OK(snapshot.get());
  EXPECT_TRUE(committed);
  EXPECT_GT(store->Info().oldest_version, oldest);
  EXPECT_EQ(Hex(store->Info().root), Hex(history_.root(25)));
  ASSERT_OK(store->Close());
}

TEST_F(StorePruneTest, CommitsGoOnWhileAnOperatorPrunes) {
  options_.snapshot.keep_recent = 10;
  HeldRemoval removal(fault_);
  ASSERT_OK_AND_ASSIGN(const auto store, OpenWithSnapshot());
  ASSERT_OK(store->admin().CreateSnapshot());
  removal.Arm();
  std::future<Status> prune =
      std::async(std::launch::async, [&] { return store->admin().Prune(0).status(); });
  ASSERT_TRUE(removal.WaitUntilReached());
  const bool committed = CommitsInTime(*store, history_, 25);
  removal.LetGo();
  EXPECT_OK(prune.get());
  EXPECT_TRUE(committed);
  EXPECT_EQ(SnapshotsOnDisk(fs_), std::vector<Version>{20});
  ASSERT_OK(store->Close());
}

TEST_F(StorePruneTest, ARemovedSnapshotTakesItsChangelogWithIt) {
  options_.snapshot.keep_recent = 10;
  ASSERT_OK_AND_ASSIGN(const auto store, OpenWithSnapshot());
  ASSERT_OK(store->admin().CreateSnapshot());
  const Version oldest = store->Info().oldest_version;
  ASSERT_OK(store->admin().RemoveSnapshot(5));
  EXPECT_GT(store->Info().oldest_version, oldest);
  ASSERT_OK(store->Close());
}

}  // namespace
}  // namespace flatkv::test
