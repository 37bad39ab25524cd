#include "tests/support/fault_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/wal/wal_test_util.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;

TEST(WalPrune, RemovesOnlyWholeSegmentsBelowAndNeverTheLast) {
  for (Version below = 0; below <= 25; ++below) {
    SCOPED_TRACE(below);
    MemFileSystem fs;
    ASSERT_OK(MakeLog(fs, 20));
    ASSERT_OK_AND_ASSIGN(auto wal, OpenWal(fs, SmallSegments()));
    const size_t before = SegmentFiles(fs).size();
    ASSERT_OK(wal->PruneBelow(below));
    const Version first = wal->first_version();
    EXPECT_LE(first, std::max<Version>(below, 1));
    EXPECT_EQ(wal->Stats().segments, SegmentFiles(fs).size());
    // The first segment that is left holds `below`, or it is the last one.
    if (SegmentFiles(fs).size() > 1) {
      const auto next_first = std::stoll(SegmentFiles(fs)[1].substr(5));
      EXPECT_GT(next_first, below);
    }
    EXPECT_EQ(ReadAll(*wal).value(), Records(first, 20));
    ASSERT_OK(Commit(*wal, 21, 24));
    ASSERT_OK(wal->Close());
    ASSERT_OK_AND_ASSIGN(wal, OpenWal(fs, SmallSegments()));
    EXPECT_EQ(ReadAll(*wal).value(), Records(first, 24));
    EXPECT_LE(SegmentFiles(fs).size(), before + 2);
  }
}

TEST(WalPrune, KeepsTheLastRecordWhenTheLastSegmentHasNone) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, 4, {}));
  WalOptions options;
  options.segment_bytes = 1;
  {
    ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, options));
    ASSERT_OK(AppendOnly(*wal, 5));
  }
  fs.Resize(SegmentFiles(fs).back(), 64);  // A crash between the roll and the append.
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, options));
  ASSERT_OK(wal->PruneBelow(5));
  EXPECT_EQ(wal->last_version(), 4);
  EXPECT_EQ(SegmentFiles(fs).size(), 2u);
  ASSERT_OK(Commit(*wal, 5, 5));
  ASSERT_OK(wal->PruneBelow(5));
  EXPECT_EQ(wal->first_version(), 5);
}

TEST(WalPrune, EndsAReaderOfThePrunedRange) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, 20));
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, SmallSegments()));
  ASSERT_OK_AND_ASSIGN(const auto reader, wal->NewReader(1, 20));
  ASSERT_OK_AND_ASSIGN(const auto later, wal->NewReader(15, 20));
  ASSERT_TRUE(reader->Next().value());
  ASSERT_OK(wal->PruneBelow(12));
  EXPECT_THAT(reader->Next(), StatusIs(StatusCode::kOutOfRange, HasSubstr("version 2 was pruned")));
  EXPECT_THAT(reader->Next(), HasReason(Reason::kVersionPruned));
  for (Version version = 15; version <= 20; ++version) {
    ASSERT_TRUE(later->Next().value());
  }
  EXPECT_THAT(wal->Find(1), HasReason(Reason::kVersionPruned));
}

TEST(WalPrune, HidesASegmentBeforeItsFileGoes) {
  // A read beside the prune must not take the missing file for damage.
  MemFileSystem disk;
  ASSERT_OK(MakeLog(disk, 20));
  FaultFileSystem fs(disk);
  Wal* log = nullptr;
  uint64_t removals = 0;
  fs.SetHook([&](const FsCall& call) {
    if (call.op == FsOp::kRemoveFile) {
      const Version gone = std::stoll(call.path.substr(5));
      EXPECT_THAT(log->Find(gone), HasReason(Reason::kVersionPruned));
      EXPECT_THAT(log->NewReader(gone, 20), HasReason(Reason::kVersionPruned));
      EXPECT_OK(log->Find(20));
      ++removals;
    }
    return OkStatus();
  });
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, SmallSegments()));
  log = wal.get();
  ASSERT_OK(wal->PruneBelow(20));
  EXPECT_GT(removals, 2u);
}

TEST(WalPrune, FailedRemovalChangesNothingAndCanBeRepeated) {
  MemFileSystem disk;
  ASSERT_OK(MakeLog(disk, 20));
  FaultFileSystem fs(disk);
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, SmallSegments()));
  FaultRule rule;
  rule.op = FsOp::kRemoveFile;
  fs.AddRule(rule);
  EXPECT_THAT(wal->PruneBelow(20), StatusIs(StatusCode::kUnknown));
  EXPECT_EQ(ReadAll(*wal).value(), Records(1, 20));
  ASSERT_OK(Commit(*wal, 21, 21));
  ASSERT_OK(wal->PruneBelow(20));
  EXPECT_GT(wal->first_version(), 10);
}

}  // namespace
}  // namespace flatkv::test
