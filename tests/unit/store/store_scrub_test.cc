// Goal: a scrub reads every file of every snapshot and every row, finds a flipped bit anywhere,
// makes the store CORRUPT and keeps it so over restarts until it is repaired; it goes on where it
// was, pauses, and bothers nobody else. Method: stores in memory, and bits flipped in them.
#include <fmt/format.h>

#include <thread>

#include "flatkv/snapshot/snapshot_set.h"
#include "flatkv/store/scrub_record.h"
#include "tests/unit/store/snapshot_fixture.h"

namespace flatkv::test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class StoreScrubTest : public ::testing::Test {
 protected:
  static constexpr Version kHead = 30;

  StoreScrubTest() : history_(kHead + 4, 25, 11) {
    options_.scrub.in_background = true;
    options_.scrub.bytes_per_second = 0;
    Fill();
  }
  void Fill() {
    StoreOptions options = options_;
    options.scrub.in_background = false;
    ASSERT_OK_AND_ASSIGN(const auto store, OpenStore(fs_, options));
    for (const Version version : {Version{10}, Version{20}}) {
      ASSERT_OK(CommitTo(*store, history_, version));
      ASSERT_OK(store->admin().CreateSnapshot());
    }
    ASSERT_OK(CommitTo(*store, history_, kHead));
    ASSERT_OK(store->Close());
  }
  void Open() { ASSERT_OK_AND_ASSIGN(store_, Store::Open(fs_, logger_, kHome, options_)); }
  ScrubStatus Now() { return store_->admin().Scrub(ScrubAction::kStatus).value(); }
  // Runs a pass to its end.
  ScrubStatus OnePass() {
    const uint64_t before = Now().passes_since_open;
    EXPECT_OK(store_->admin().Scrub(ScrubAction::kStart));
    while (Now().passes_since_open == before) {
      std::this_thread::yield();
    }
    return Now();
  }
  std::vector<std::string> TablesOf(const std::string& name) {
    std::vector<std::string> tables;
    for (const std::string& file : FilesBelow(fs_, InStore(name))) {
      if (IsTableName(file)) {
        tables.push_back(file);
      }
    }
    return tables;
  }

  StoreOptions options_ = AdminOptions();
  const History history_;
  CollectingLogger logger_;
  MemFileSystem fs_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreScrubTest, APassOverASoundStoreFindsNothing) {
  Open();
  EXPECT_EQ(Now().state, "off");
  const ScrubStatus status = OnePass();
  EXPECT_EQ(status.last_findings, 0u);
  EXPECT_THAT(status.findings, IsEmpty());
  EXPECT_GT(status.last_bytes, 0u);
  EXPECT_NE(status.last_end_unix_seconds, 0u);
  EXPECT_EQ(status.state, "off");
  ASSERT_OK(CommitTo(*store_, history_, kHead + 1));
  ASSERT_OK(store_->Close());
}

TEST_F(StoreScrubTest, AnIntervalBeginsOneByItself) {
  options_.scrub.interval = std::chrono::hours(1);
  Open();
  while (Now().passes_since_open == 0) {
    std::this_thread::yield();
  }
  EXPECT_EQ(Now().state, "idle");
  ASSERT_OK(store_->Close());
  // The next is not due yet.
  Open();
  EXPECT_EQ(Now().state, "idle");
  ASSERT_OK(store_->Close());
}

TEST_F(StoreScrubTest, EveryFileOfASnapshotIsRead) {
  const std::string snapshot = SnapshotName(10);
  for (const std::string& file : FilesBelow(fs_, InStore(snapshot))) {
    SCOPED_TRACE(file);
    Open();
    fs_.FlipBit(file, fs_.Stat(file)->size_bytes / 2, 1);
    const ScrubStatus status = OnePass();
    EXPECT_THAT(status.findings,
                Contains(AllOf(HasSubstr(snapshot), HasSubstr(std::string(BaseName(file))))));
    fs_.FlipBit(file, fs_.Stat(file)->size_bytes / 2, 1);
    EXPECT_THAT(OnePass().findings, IsEmpty());
    ASSERT_OK(store_->Health());
    ASSERT_OK(store_->Close());
  }
}

// The flipped bit is in a value that nothing reads by itself, least of all an open.
TEST_F(StoreScrubTest, ABitInATableOfTheDataDbsMakesTheStoreCorruptUntilItIsRebuilt) {
  const std::string value(64 << 10, 'Z');
  Digest root{};
  {
    ASSERT_OK_AND_ASSIGN(const auto store, OpenStore(fs_, AdminOptions()));
    OwnedBlock block(kHead + 1);
    block.Set("bank", "aaaa", std::string(8 << 10, 'Y'));  // ends the block with the metadata
    block.Set("bank", "zzzz", value);
    ASSERT_OK(CommitOwned(*store, block));
    root = store->Info().root;
    ASSERT_OK(store->Close());
  }
  size_t flipped = 0;
  for (const std::string& table : TablesOf(kWorkingName)) {
    ASSERT_OK_AND_ASSIGN(const std::string content, ReadFile(fs_, table, 10 << 20));
    const size_t at = content.find(value.substr(0, 1000));
    if (at != std::string::npos) {
      ASSERT_EQ(fs_.Stat(table)->links, 1u) << "no snapshot has it";
      fs_.FlipBit(table, at + 500, 4);
      ++flipped;
    }
  }
  ASSERT_EQ(flipped, 1u);
  Open();
  ASSERT_OK(store_->Health());
  const ScrubStatus status = OnePass();
  ASSERT_FALSE(status.findings.empty()) << logger_.Complaints();
  EXPECT_THAT(status.findings, ElementsAre(HasSubstr("misc")));
  // Commits and snapshots are refused, reads go on.
  const auto refused = AllOf(StatusIs(StatusCode::kDataLoss, HasSubstr("flatkv recover --select")),
                             HasReason(Reason::kDataDbCorrupt));
  OwnedBlock next(kHead + 2);
  next.Set("bank", "after", "it");
  EXPECT_THAT(CommitOwned(*store_, next), refused);
  EXPECT_THAT(store_->admin().CreateSnapshot(), refused);
  EXPECT_THAT(store_->Health(), refused);
  EXPECT_TRUE(store_->Info().corrupt);
  EXPECT_THAT(store_->Info().corrupt_reason, HasSubstr("CORRUPT"));
  const KeyRef key{"bank", "after"};
  EXPECT_OK(store_->Get({&key, 1}));
  EXPECT_OK(store_->admin().PinSnapshot(20, "to restore from"));
  EXPECT_THAT(logger_.Complaints(), HasSubstr("store.corrupt"));
  ASSERT_OK(store_->Close());

  // A restart forgets nothing.
  Open();
  EXPECT_THAT(store_->Health(), refused);
  EXPECT_EQ(Now().findings, status.findings);
  ASSERT_OK(store_->Close());

  // The way out.
  StoreOptions recover = options_;
  recover.scrub.in_background = false;
  recover.select_snapshot = 20;
  ASSERT_OK_AND_ASSIGN(store_, Store::Open(fs_, logger_, kHome, recover));
  ASSERT_OK(store_->Health());
  EXPECT_EQ(store_->Info().root, root);
  ASSERT_OK(store_->VerifyRows());
  ASSERT_OK(store_->Close());
  Open();
  // A pass says that all is well, without being asked.
  while (Now().passes_since_open == 0) {
    std::this_thread::yield();
  }
  EXPECT_THAT(Now().findings, IsEmpty());
  ASSERT_OK(CommitOwned(*store_, next));
  ASSERT_OK(store_->Close());
}

TEST_F(StoreScrubTest, ReadsOfACorruptStoreAreRefusedIfThatIsAsked) {
  options_.scrub.refuse_reads_when_corrupt = true;
  ScrubRecord record;
  record.findings = {"data DB storage: a finding"};
  ASSERT_OK(WriteScrubRecord(fs_, kStoreDirectory, record));
  options_.scrub.in_background = false;
  Open();
  const KeyRef key{"bank", "k"};
  EXPECT_THAT(store_->Get({&key, 1}), HasReason(Reason::kDataDbCorrupt));
  EXPECT_THAT(store_->Iterate({.module = "bank"}), HasReason(Reason::kDataDbCorrupt));
  EXPECT_THAT(store_->ViewAt(kHead), HasReason(Reason::kDataDbCorrupt));
  ASSERT_OK(store_->Close());
}

TEST_F(StoreScrubTest, APauseHoldsItOverARestartAndResumeGoesOn) {
  options_.scrub.bytes_per_second = 1;  // never done by itself
  Open();
  ASSERT_OK(store_->admin().Scrub(ScrubAction::kStart));
  while (Now().bytes == 0) {
    std::this_thread::yield();
  }
  ASSERT_OK_AND_ASSIGN(const ScrubStatus paused, store_->admin().Scrub(ScrubAction::kPause));
  EXPECT_EQ(paused.state, "paused");
  ASSERT_OK(store_->Close());
  options_.scrub.bytes_per_second = 0;
  Open();
  EXPECT_EQ(Now().state, "paused");
  EXPECT_EQ(Now().passes_since_open, 0u);
  ASSERT_OK(store_->admin().Scrub(ScrubAction::kResume));
  while (Now().passes_since_open == 0) {
    std::this_thread::yield();
  }
  EXPECT_EQ(Now().last_findings, 0u);
  ASSERT_OK(store_->Close());
}

TEST_F(StoreScrubTest, ARestartGoesOnWithThePassThatWasInProgress) {
  ScrubRecord record;
  record.running = true;
  record.started_unix_seconds = 1'700'000'000;
  record.bytes = 1000;
  record.snapshot = 20;
  record.file = "zzz";
  record.data_dbs = 3;
  ASSERT_OK(WriteScrubRecord(fs_, kStoreDirectory, record));
  // Before the position: not looked at in the rest of this pass, but in the next.
  fs_.FlipBit(JoinPath(InStore(SnapshotName(10)), "account/CURRENT"), 3, 1);
  Open();
  while (Now().passes_since_open == 0) {
    std::this_thread::yield();
  }
  EXPECT_EQ(Now().last_findings, 0u);
  EXPECT_GE(Now().last_bytes, 1000u);
  EXPECT_GT(OnePass().last_findings, 0u);
  ASSERT_OK(store_->Close());
}

TEST_F(StoreScrubTest, ADamagedRecordBeginsAnew) {
  ASSERT_OK(WriteFileDurably(fs_, InStore("scrub"), "flatkv-scrub 1\nrubbish\n"));
  Open();
  EXPECT_THAT(logger_.Complaints(), HasSubstr("scrub.begin_anew"));
  while (Now().passes_since_open == 0) {
    std::this_thread::yield();
  }
  ASSERT_OK(store_->Close());
}

TEST_F(StoreScrubTest, CommitsSnapshotsAndRollbacksGoOnBeside) {
  Open();
  for (Version version = kHead + 1; version <= kHead + 4; ++version) {
    ASSERT_OK(store_->admin().Scrub(ScrubAction::kStart));
    ASSERT_OK(CommitTo(*store_, history_, version));
    ASSERT_OK(store_->admin().CreateSnapshot());
  }
  ASSERT_OK(store_->admin().Rollback(kHead, RollbackChoice::kAuto));
  ASSERT_OK(store_->admin().Rollback(15, RollbackChoice::kReplay));
  EXPECT_EQ(OnePass().last_findings, 0u);
  EXPECT_OK(store_->Health());
  ASSERT_OK(store_->Close());
}

TEST_F(StoreScrubTest, WithoutABackgroundThereIsOnlyAStatus) {
  options_.scrub.in_background = false;
  Open();
  EXPECT_EQ(Now().state, "off");
  EXPECT_THAT(store_->admin().Scrub(ScrubAction::kStart),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("flatkv verify")));
  ASSERT_OK(store_->Close());
}

TEST(ScrubRecord, ComesBackAsItWasWritten) {
  ScrubRecord record;
  record.running = record.paused = true;
  record.started_unix_seconds = 1;
  record.bytes = 2;
  record.snapshot = 3;
  record.file = "storage/000004.sst";
  record.data_dbs = 1;
  record.last_end_unix_seconds = 5;
  record.last_seconds = 6;
  record.last_bytes = 7;
  record.last_findings = 8;
  record.findings = {"one\nline", "two"};
  ASSERT_OK_AND_ASSIGN(const ScrubRecord read,
                       DecodeScrubRecord(EncodeScrubRecord(record), "scrub"));
  EXPECT_EQ(read, record);
  std::string damaged = EncodeScrubRecord(record);
  damaged[20] ^= 1;
  EXPECT_THAT(DecodeScrubRecord(damaged, "scrub"), StatusIs(StatusCode::kDataLoss));
}

}  // namespace
}  // namespace flatkv::test
