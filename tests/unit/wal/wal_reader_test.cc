#include "flatkv/base/sha256.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/wal/wal_test_util.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;

TEST(WalReader, ReadsEveryRange) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, 25));
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, SmallSegments()));
  for (Version first = 1; first <= 25; ++first) {
    for (Version last = first; last <= 25; ++last) {
      ASSERT_OK_AND_ASSIGN(const auto reader, wal->NewReader(first, last));
      for (Version version = first; version <= last; ++version) {
        ASSERT_TRUE(reader->Next().value());
        ASSERT_EQ(reader->info().version, version);
        ASSERT_EQ(reader->info().root, RootOf(version));
        ASSERT_EQ(reader->payload(), PayloadOf(version));
      }
      ASSERT_FALSE(reader->Next().value());
      ASSERT_FALSE(reader->Next().value());
    }
  }
}

TEST(WalReader, RefusesARangeThatIsNotThere) {
  MemFileSystem fs;
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs));
  ASSERT_OK(Commit(*wal, 10, 12));
  EXPECT_THAT(wal->NewReader(9, 12), HasReason(Reason::kVersionPruned));
  EXPECT_THAT(wal->NewReader(10, 13), HasReason(Reason::kVersionAboveHead));
  EXPECT_THAT(wal->NewReader(12, 11), StatusIs(StatusCode::kOutOfRange));
  EXPECT_THAT(wal->NewReader(0, 1), StatusIs(StatusCode::kOutOfRange));
}

TEST(WalReader, KeepsItsRangeWhileTheLogGrowsAndRolls) {
  MemFileSystem fs;
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, SmallSegments()));
  ASSERT_OK(Commit(*wal, 1, 10));
  ASSERT_OK_AND_ASSIGN(const auto reader, wal->NewReader(1, 10));
  Version seen = 0;
  for (Version version = 11; version <= 40; ++version) {
    ASSERT_OK(Commit(*wal, version, version));
    ASSERT_OK_AND_ASSIGN(const bool more, reader->Next());
    if (more) {
      ASSERT_EQ(reader->payload(), PayloadOf(++seen));
    }
  }
  EXPECT_EQ(seen, 10);
}

TEST(WalReader, NamesFileOffsetAndVersionOfDamageInASealedSegmentAndStaysFailed) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, 20));
  const std::string path = SegmentFiles(fs)[1];
  fs.FlipBit(path, 100, 3);
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, SmallSegments()));
  ASSERT_OK_AND_ASSIGN(const auto reader, wal->NewReader(1, 20));
  StatusOr<bool> next = true;
  while (next.ok() && *next) {
    next = reader->Next();
  }
  EXPECT_THAT(next, StatusIs(StatusCode::kDataLoss, HasSubstr(path + ": ")));
  EXPECT_THAT(next, StatusIs(StatusCode::kDataLoss, HasSubstr("offset 64, version ")));
  EXPECT_THAT(next, HasReason(Reason::kChangelogCorrupt));
  EXPECT_EQ(reader->Next().status(), next.status());
}

TEST(WalReader, RefusesAMiddleRecordThatBelongsToAnotherChain) {
  // Two logs that differ in version 5 only in the root: lengths and offsets agree.
  MemFileSystem fs;
  MemFileSystem other;
  for (const uint64_t seed : {uint64_t{0}, uint64_t{1}}) {
    ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(seed == 0 ? fs : other));
    for (Version version = 1; version <= 9; ++version) {
      const Digest root = RootOf(version, version == 5 ? seed : 0);
      ASSERT_OK(wal->Append(version, "same", Sha256("same"), root));
      ASSERT_OK(wal->Acknowledge(version));
    }
    ASSERT_OK(wal->Close());
  }
  const std::string path = SegmentFiles(fs)[0];
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs));
  std::string bytes = FileBytes(fs, path).value();
  const size_t at = 64 + 4 * (128 + 4 + 24);
  bytes.replace(at, 128, FileBytes(other, path).value(), at, 128);
  fs.Overwrite(path, bytes);
  ASSERT_OK_AND_ASSIGN(const auto reader, wal->NewReader(1, 9));
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(reader->Next().value());
  }
  EXPECT_THAT(reader->Next(), StatusIs(StatusCode::kDataLoss, HasSubstr("chain")));
  // A reader that starts right behind the foreign record compares with it.
  ASSERT_OK_AND_ASSIGN(const auto behind, wal->NewReader(6, 9));
  EXPECT_THAT(behind->Next(), StatusIs(StatusCode::kDataLoss, HasSubstr("chain")));
  EXPECT_THAT(OpenWal(fs), StatusIs(StatusCode::kDataLoss, HasSubstr("version 6")));
}

TEST(WalReader, SkipsADamagedSealBetweenWholeRecordsOfASealedSegment) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, 20));
  const uint64_t seal = 64 + 128 + PayloadOf(1).size();
  fs.FlipBit(SegmentFiles(fs)[0], seal + 9, 0);
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, SmallSegments()));
  EXPECT_EQ(ReadAll(*wal).value(), Records(1, 20));
}

TEST(WalReader, ReportsAMissingSegmentFileAsDataLoss) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, 20));
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, SmallSegments()));
  const std::string path = SegmentFiles(fs)[0];
  ASSERT_OK_AND_ASSIGN(const auto reader, wal->NewReader(1, 20));
  ASSERT_OK(fs.RemoveFile(path));
  EXPECT_THAT(reader->Next(), StatusIs(StatusCode::kDataLoss, HasSubstr(path)));
  EXPECT_THAT(wal->Find(1), StatusIs(StatusCode::kDataLoss, HasSubstr("missing")));
}

TEST(WalReader, OutlivesCloseOfTheLog) {
  MemFileSystem fs;
  ASSERT_OK_AND_ASSIGN(auto wal, OpenWal(fs, SmallSegments()));
  ASSERT_OK(Commit(*wal, 1, 20));
  ASSERT_OK_AND_ASSIGN(const auto reader, wal->NewReader(1, 20));
  ASSERT_OK(wal->Close());
  wal.reset();
  for (Version version = 1; version <= 20; ++version) {
    ASSERT_TRUE(reader->Next().value());
    ASSERT_EQ(reader->payload(), PayloadOf(version));
  }
}

}  // namespace
}  // namespace flatkv::test
