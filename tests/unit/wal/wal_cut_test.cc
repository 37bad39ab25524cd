#include "flatkv/wal/wal_cut.h"

#include <fmt/format.h>

#include "flatkv/fs/durable.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/wal/wal_test_util.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;

TEST(WalCut, LeavesExactlyTheVersionsToTheTargetAndTheLogGoesOn) {
  for (Version target = 0; target <= 22; ++target) {
    SCOPED_TRACE(target);
    MemFileSystem fs;
    ASSERT_OK(MakeLog(fs, 20));
    ASSERT_OK_AND_ASSIGN(auto wal, OpenWal(fs, SmallSegments()));
    ASSERT_OK(wal->CutAbove(target));
    const Version last = std::min<Version>(target, 20);
    EXPECT_EQ(wal->last_version(), last);
    EXPECT_EQ(wal->empty(), target == 0);
    EXPECT_EQ(ReadAll(*wal).value(), Records(1, last));
    EXPECT_THAT(wal->Find(last + 1), StatusIs(StatusCode::kOutOfRange));
    // Another history from here on.
    ASSERT_OK(Commit(*wal, last + 1, 30, 5));
    auto expected = Records(1, last);
    expected.merge(Records(last + 1, 30, 5));
    EXPECT_EQ(ReadAll(*wal).value(), expected);
    ASSERT_OK(wal->Close());
    ASSERT_OK_AND_ASSIGN(wal, OpenWal(fs, SmallSegments()));
    EXPECT_EQ(ReadAll(*wal).value(), expected);
    EXPECT_EQ(wal->recovery().torn_bytes, 0u);
    EXPECT_FALSE(wal->recovery().finished_cut);
  }
}

TEST(WalCut, SurvivesReopeningRightAfter) {
  for (Version target = 0; target <= 20; ++target) {
    SCOPED_TRACE(target);
    MemFileSystem fs;
    ASSERT_OK(MakeLog(fs, 20));
    {
      ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, SmallSegments()));
      ASSERT_OK(wal->CutAbove(target));
    }
    const auto after = fs.Crash(CrashMode::kDropUnsynced, 0);
    WalOptions options = SmallSegments();
    options.committed_floor = target;
    ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(*after, options));
    EXPECT_EQ(ReadAll(*wal).value(), Records(1, target));
    ASSERT_OK(Commit(*wal, target + 1, 25));
    EXPECT_EQ(ReadAll(*wal).value(), Records(1, 25));
  }
}

TEST(WalCut, OfAPrunedLogToNothingKeepsWhereItEndedButAllowsAnotherStart) {
  for (const Version next : {Version{101}, Version{50}, Version{500}}) {
    MemFileSystem fs;
    {
      ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, SmallSegments()));
      ASSERT_OK(Commit(*wal, 101, 110));
      ASSERT_OK(wal->CutAbove(100));
      EXPECT_TRUE(wal->empty());
      EXPECT_EQ(wal->first_version(), 0);
    }
    WalOptions options = SmallSegments();
    options.committed_floor = 100;  // a snapshot holds it
    ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, options));
    EXPECT_TRUE(wal->empty());
    ASSERT_OK(Commit(*wal, next, next + 9));
    EXPECT_EQ(ReadAll(*wal).value(), Records(next, next + 9));
    options.committed_floor = next + 9;
    ASSERT_OK(OpenWal(fs, options));
  }
}

TEST(WalCut, EndsReadersAboveTheTargetOnly) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, 20));
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, SmallSegments()));
  ASSERT_OK_AND_ASSIGN(const auto above, wal->NewReader(1, 11));
  ASSERT_OK_AND_ASSIGN(const auto below, wal->NewReader(1, 10));
  ASSERT_OK(wal->CutAbove(10));
  EXPECT_THAT(above->Next(), StatusIs(StatusCode::kOutOfRange, HasSubstr("was cut")));
  for (Version version = 1; version <= 10; ++version) {
    ASSERT_TRUE(below->Next().value());
    EXPECT_EQ(below->payload(), PayloadOf(version));
  }
}

TEST(WalCut, RefusesBeforeItTouchesAnythingWhenTheTargetIsDamaged) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, 20));
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, SmallSegments()));
  fs.FlipBit(SegmentFiles(fs)[1], 64 + 20, 0);
  const std::vector<std::string> names = fs.List(kLogDir).value();
  EXPECT_THAT(wal->CutAbove(7), StatusIs(StatusCode::kDataLoss, HasSubstr("cannot cut")));
  EXPECT_EQ(fs.List(kLogDir).value(), names);
  ASSERT_OK(Commit(*wal, 21, 21));
  ASSERT_OK(wal->CutAbove(3));
  EXPECT_EQ(ReadAll(*wal).value(), Records(1, 3));
}

TEST(WalCut, IsFinishedByOpen) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, 20));
  ASSERT_OK(wal_internal::WriteCutMark(fs, kLogDir, 9));
  ListLogger logger;
  ASSERT_OK_AND_ASSIGN(const auto wal, Wal::Open(fs, logger, kLogDir, SmallSegments()));
  EXPECT_TRUE(wal->recovery().finished_cut);
  EXPECT_TRUE(logger.Saw("wal.cut_finished", "above version 9"));
  EXPECT_EQ(ReadAll(*wal).value(), Records(1, 9));
  EXPECT_FALSE(Exists(fs, "/log/CUT").value());
}

TEST(WalCut, RefusesADamagedMarkAndOneThatDoesNotFitTheLog) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, 20));
  ASSERT_OK(wal_internal::WriteCutMark(fs, kLogDir, 9));
  EXPECT_EQ(wal_internal::ReadCutMark(fs, kLogDir).value(), 9);
  const std::string mark = FileBytes(fs, "/log/CUT").value();
  EXPECT_EQ(mark.substr(0, mark.rfind("checksum")), "flatkv changelog cut 1\nversion 9\n");
  for (uint64_t bit = 0; bit < mark.size() * 8; ++bit) {
    const auto copy = fs.Clone();
    copy->FlipBit("/log/CUT", bit / 8, static_cast<unsigned>(bit % 8));
    ASSERT_THAT(OpenWal(*copy, SmallSegments()), StatusIs(StatusCode::kDataLoss)) << bit;
    ASSERT_EQ(SegmentFiles(*copy), SegmentFiles(fs));
  }
  for (const std::string& content : {std::string(), mark + "\n", mark.substr(1)}) {
    fs.Overwrite("/log/CUT", content);
    EXPECT_THAT(OpenWal(fs, SmallSegments()), StatusIs(StatusCode::kDataLoss));
  }
  ASSERT_OK(wal_internal::WriteCutMark(fs, kLogDir, 30));
  EXPECT_THAT(OpenWal(fs, SmallSegments()), StatusIs(StatusCode::kDataLoss, HasSubstr("30")));
}

}  // namespace
}  // namespace flatkv::test
