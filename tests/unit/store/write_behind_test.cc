#include "flatkv/store/write_behind.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <latch>
#include <memory>
#include <string>
#include <thread>

#include "flatkv/store/write_pace.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/mem_file_system.h"
#include "tests/unit/store/store_test_util.h"

namespace flatkv::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

TEST(WritePace, PausesGrowWithTheTablesThatWaitForACompaction) {
  const nanoseconds work = milliseconds(10);
  constexpr uint64_t kMemtable = 64 << 20;
  EXPECT_EQ(PauseAfterWrite(0, kMemtable, work), nanoseconds(0));
  EXPECT_EQ(PauseAfterWrite(7, kMemtable, work), nanoseconds(0));
  EXPECT_EQ(PauseAfterWrite(8, kMemtable, work), milliseconds(20));
  EXPECT_EQ(PauseAfterWrite(9, kMemtable, work), milliseconds(40));
  EXPECT_EQ(PauseAfterWrite(10, kMemtable, work), milliseconds(160));
  EXPECT_EQ(PauseAfterWrite(11, kMemtable, work), milliseconds(640));
  EXPECT_EQ(PauseAfterWrite(100, kMemtable, work), milliseconds(640));
}

TEST(WritePace, PausesAreLongerWhereTablesAreSmaller) {
  EXPECT_EQ(PauseAfterWrite(8, 16 << 20, milliseconds(10)), milliseconds(80));
  EXPECT_EQ(PauseAfterWrite(7, 16 << 20, milliseconds(10)), milliseconds(0));
}

constexpr uint64_t kOverlayBytesMax = uint64_t{64} << 20;

// A write-behind over data DBs whose compactions can be held up, and that can be held up itself
// where it begins a snapshot.
class WriteBehindTest : public ::testing::Test {
 protected:
  void SetUp() override {
    StoreOptions options = SmallStoreOptions();
    options.overlay_bytes_max = kOverlayBytesMax;
    ASSERT_OK(fs_.MakeDir("/dbs"));
    ASSERT_OK_AND_ASSIGN(dbs_, DataDbs::Open(fs_, threads_, NullLogger(), "/dbs", options,
                                             CompactionStart::kOpen, {}));
    ASSERT_OK_AND_ASSIGN(changelog_, Wal::Open(fs_, NullLogger(), "/changelog", WalOptions()));
    ASSERT_OK_AND_ASSIGN(undo_, UndoLog::Open(fs_, NullLogger(), "/undo", *changelog_, 100, false));
    ASSERT_OK_AND_ASSIGN(rows_, StoredRows::Create(*dbs_, 0, nullptr, false));
    WriteBehind::Options behind;
    behind.gather_time_max = gather_time_max_;
    behind.overlay_bytes_max = options.overlay_bytes_max;
    behind.replay_bytes_max = options.replay_bytes_max;
    behind.memtable_bytes = options.write_buffer_bytes;
    behind.rows = rows_.get();
    behind.undo = undo_.get();
    behind.begin_snapshot = [this](const std::shared_ptr<SnapshotRequest>&) { on_snapshot_(); };
    behind.on_error = [this](const Status& status) { on_error_(status); };
    write_behind_ = std::make_unique<WriteBehind>(*dbs_, overlay_, std::move(behind));
  }
  void TearDown() override {
    write_behind_.reset();
    ASSERT_OK(dbs_->Close());
    ASSERT_OK(undo_->Close());
    ASSERT_OK(changelog_->Close());
  }

  // Hands over a version whose rows span the whole range of keys, so that its table overlaps all
  // others.
  std::weak_ptr<const VersionRows> Enqueue(int count = 200,
                                           std::shared_ptr<SnapshotRequest> snapshot = nullptr) {
    auto rows = std::make_shared<VersionRows>();
    rows->version = ++version_;
    rows->can_be_undone = true;
    Arena bytes;
    for (int i = 0; i < count; ++i) {
      rows->rows[IndexOf(DataDb::kMisc)].push_back(
          {.key = bytes.Copy(fmt::format("key {:05}", i)),
           .value = bytes.Copy(fmt::format("version {}", version_))});
      RowChange& row = rows->rows[IndexOf(DataDb::kMisc)].back();
      row.probe = rows_->ProbeOf(DataDb::kMisc, row.key);
    }
    rows->arenas.push_back(std::move(bytes));
    overlay_.Insert(*rows);
    const std::weak_ptr<const VersionRows> handed_over = rows;
    write_behind_->Enqueue(std::move(rows), 1000, std::move(snapshot));
    return handed_over;
  }

  // Until the write-behind has written everything, without hurrying it as Drain would.
  void AwaitWritten() {
    while (write_behind_->lag_versions() > 0) {
      std::this_thread::sleep_for(milliseconds(1));
    }
  }

  MemFileSystem disk_;
  FaultFileSystem fs_{disk_};
  milliseconds gather_time_max_{1};
  BackgroundThreads threads_{1};
  Overlay overlay_;
  std::unique_ptr<Wal> changelog_;
  std::unique_ptr<UndoLog> undo_;
  std::function<void()> on_snapshot_;
  std::function<void(const Status&)> on_error_ = [](const Status& status) {
    ADD_FAILURE() << status.ToString();
  };
  std::unique_ptr<DataDbs> dbs_;
  std::unique_ptr<StoredRows> rows_;
  std::unique_ptr<WriteBehind> write_behind_;
  Version version_ = 0;
};

TEST_F(WriteBehindTest, PausesWhileCompactionsAreBehindAndNoLonger) {
  std::latch compactions(1);
  threads_.Schedule(BackgroundThreads::Work::kCompaction, [&] { compactions.wait(); });
  // Flushes go on without compactions; LevelDB puts the first tables below level 0.
  while (dbs_->Level0TablesMost() < kPacedLevel0Tables) {
    EXPECT_EQ(write_behind_->paused(), nanoseconds(0));
    Enqueue();
    ASSERT_OK(write_behind_->Flush());
  }
  Enqueue();
  AwaitWritten();
  while (write_behind_->paused() == nanoseconds(0)) {
    std::this_thread::sleep_for(milliseconds(1));
  }

  compactions.count_down();
  while (dbs_->Level0TablesMost() >= kPacedLevel0Tables) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  // The end of the last pause.
  ASSERT_OK(write_behind_->AtBoundary([](Version) {}));
  const nanoseconds paused = write_behind_->paused();
  Enqueue();
  ASSERT_OK(write_behind_->Flush());
  EXPECT_EQ(write_behind_->paused(), paused);
  std::string value;
  ASSERT_OK_AND_ASSIGN(const bool found, (*dbs_)[DataDb::kMisc].Get("key 00007", &value));
  EXPECT_TRUE(found);
  EXPECT_EQ(value, fmt::format("version {}", version_));
}

// One that waits for versions until they are worth a batch, however long that takes. It has written
// version 1, at once.
class PatientWriteBehindTest : public WriteBehindTest {
 protected:
  PatientWriteBehindTest() { gather_time_max_ = std::chrono::hours(24); }
  void SetUp() override {
    WriteBehindTest::SetUp();
    Enqueue();
    AwaitWritten();
    ASSERT_EQ(write_behind_->started_version(), 1);
  }
};

TEST_F(PatientWriteBehindTest, GathersVersionsUntilTheyAreWorthABatch) {
  Enqueue(20'000);
  Enqueue(19'999);
  EXPECT_EQ(write_behind_->started_version(), 1);
  Enqueue(1);
  AwaitWritten();
  EXPECT_EQ(write_behind_->started_version(), 4);
}

TEST_F(PatientWriteBehindTest, DoesNotLetAnybodyWait) {
  Enqueue();
  ASSERT_OK(write_behind_->WaitWritten(2));
  Enqueue();
  ASSERT_OK(write_behind_->Drain());
  Enqueue();
  ASSERT_OK(write_behind_->Flush());
  Enqueue();
  Version at = 0;
  ASSERT_OK(write_behind_->AtBoundary([&](Version version) { at = version; }));
  // Boundary work is for a version that all DBs hold, whichever.
  EXPECT_GE(at, 4);
  std::promise<void> begun;
  on_snapshot_ = [&] { begun.set_value(); };
  Enqueue(200, std::make_shared<SnapshotRequest>(6, Digest{}, Digest{}, StoreState{}));
  begun.get_future().wait();
  EXPECT_EQ(write_behind_->started_version(), 6);
}

TEST_F(PatientWriteBehindTest, WritesWhenTheOverlayIsHalfFull) {
  auto rows = std::make_shared<VersionRows>();
  rows->version = ++version_;
  Arena bytes;
  const std::string code(kOverlayBytesMax / 2, 'x');
  rows->rows[IndexOf(DataDb::kCode)].push_back(
      {.key = bytes.Copy("code"), .value = bytes.Copy(code)});
  rows->rows[IndexOf(DataDb::kCode)].back().probe = rows_->ProbeOf(DataDb::kCode, "code");
  rows->arenas.push_back(std::move(bytes));
  overlay_.Insert(*rows);
  write_behind_->Enqueue(std::move(rows), 1000, nullptr);
  AwaitWritten();
  EXPECT_EQ(write_behind_->started_version(), 2);
}

TEST_F(PatientWriteBehindTest, RecordsHowToUndoWhatItGathers) {
  Enqueue(5'000);
  while (undo_->last() < 2) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_EQ(write_behind_->started_version(), 1);
}

// A replay after a crash wants those of the last versions, too, and writing rows takes long.
TEST_F(WriteBehindTest, UndoRecordsDoNotWaitForRows) {
  std::promise<void> begun;
  std::latch go_on(1);
  on_snapshot_ = [&] {
    begun.set_value();
    go_on.wait();
  };
  Enqueue(200, std::make_shared<SnapshotRequest>(1, Digest{}, Digest{}, StoreState{}));
  begun.get_future().wait();
  EXPECT_EQ(undo_->last(), 1);
  Enqueue(2000);
  Enqueue(2000);
  EXPECT_EQ(undo_->last(), 1) << "a few rows are not worth waking a thread";
  Enqueue(2000);
  while (undo_->last() < 4) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  Enqueue();
  go_on.count_down();
  ASSERT_OK(write_behind_->Drain());
  EXPECT_EQ(undo_->first(), 1);
  EXPECT_EQ(undo_->last(), 5);
}

// Reads go on after a failed write, and find in the overlay what no data DB has.
TEST_F(WriteBehindTest, RowsWhoseWriteFailedStayInMemory) {
  std::promise<void> failed;
  on_error_ = [&](const Status&) { failed.set_value(); };
  FaultRule rule;
  rule.op = FsOp::kCreate;
  rule.path_contains = ".ldb";
  fs_.AddRule(rule);
  Enqueue();
  ASSERT_OK(write_behind_->Drain());
  ASSERT_OK(write_behind_->AtBoundary(
      [this](Version) { EXPECT_FALSE((*dbs_)[DataDb::kMisc].Flush().ok()); }));
  const std::weak_ptr<const VersionRows> taken = Enqueue();
  failed.get_future().wait();
  const std::weak_ptr<const VersionRows> queued = Enqueue();
  EXPECT_FALSE(taken.expired());
  EXPECT_FALSE(queued.expired());
  EXPECT_EQ(overlay_.rows(), 400u);
}

TEST_F(WriteBehindTest, ASnapshotAskedForAfterAFailedWriteFails) {
  on_error_ = [](const Status&) {};
  FaultRule rule;
  rule.op = FsOp::kCreate;
  rule.path_contains = ".ldb";
  fs_.AddRule(rule);
  Enqueue();
  ASSERT_FALSE(write_behind_->Flush().ok());
  // Whoever looked whether the store can be written to did so before the failure.
  const auto request = std::make_shared<SnapshotRequest>(1, Digest{}, Digest{}, StoreState{});
  write_behind_->Enqueue(nullptr, 0, request);
  std::future<StatusOr<SnapshotManifest>> outcome =
      std::async(std::launch::async, [request] { return request->Wait(); });
  const bool answered = outcome.wait_for(std::chrono::seconds(5)) == std::future_status::ready;
  EXPECT_TRUE(answered);
  if (!answered) {
    request->Finish(Unavailable("the test is over"));
  }
  EXPECT_FALSE(outcome.get().ok());
}

}  // namespace
}  // namespace flatkv::test
