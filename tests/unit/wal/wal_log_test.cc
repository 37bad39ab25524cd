// The log as its users see it: append, find, acknowledge, roll, reopen.
#include <fmt/format.h>

#include "flatkv/base/sha256.h"
#include "flatkv/fs/path.h"
#include "flatkv/wal/wal_format.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/wal/wal_test_util.h"

namespace flatkv::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Wal, IsEmptyWhenNew) {
  MemFileSystem fs;
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs));
  EXPECT_TRUE(wal->empty());
  EXPECT_EQ(wal->first_version(), 0);
  EXPECT_EQ(wal->last_version(), 0);
  EXPECT_THAT(wal->Find(1), StatusIs(StatusCode::kOutOfRange));
  EXPECT_THAT(wal->NewReader(1, 1), StatusIs(StatusCode::kOutOfRange));
  EXPECT_THAT(wal->Acknowledge(1), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_OK(wal->Sync());
  EXPECT_OK(wal->CutAbove(7));
  EXPECT_OK(wal->PruneBelow(7));
  EXPECT_OK(wal->Close());
  EXPECT_TRUE(SegmentFiles(fs).empty());
}

TEST(Wal, GivesBackWhatWasAppendedAlsoAfterReopening) {
  MemFileSystem fs;
  for (int round = 0; round < 3; ++round) {
    ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, SmallSegments()));
    ASSERT_OK(Commit(*wal, round * 20 + 1, round * 20 + 20));
    EXPECT_EQ(wal->first_version(), 1);
    EXPECT_EQ(wal->last_version(), round * 20 + 20);
    EXPECT_EQ(ReadAll(*wal).value(), Records(1, round * 20 + 20));
    EXPECT_EQ(wal->Find(5)->root, RootOf(5));
    ASSERT_OK(wal->Close());
  }
  EXPECT_GT(SegmentFiles(fs).size(), 8u);
}

TEST(Wal, StartsAtAnyVersion) {
  MemFileSystem fs;
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs));
  ASSERT_OK(Commit(*wal, 1000, 1002));
  EXPECT_EQ(wal->first_version(), 1000);
  EXPECT_THAT(SegmentFiles(fs), ElementsAre("/log/00000000000000001000.wal"));
  EXPECT_THAT(wal->Find(999), HasReason(Reason::kVersionPruned));
  EXPECT_THAT(wal->Find(1003), HasReason(Reason::kVersionAboveHead));
}

TEST(Wal, RefusesWhatCannotFollowAndGoesOn) {
  MemFileSystem fs;
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs));
  EXPECT_THAT(AppendOnly(*wal, 0), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(AppendOnly(*wal, -1), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(AppendOnly(*wal, INT64_MAX), StatusIs(StatusCode::kInvalidArgument));
  ASSERT_OK(Commit(*wal, 5, 6));
  for (const Version wrong : {5, 6, 8}) {
    const Status status = AppendOnly(*wal, wrong);
    EXPECT_THAT(status, StatusIs(StatusCode::kFailedPrecondition));
    EXPECT_THAT(status, HasReason(Reason::kVersionGap));
    EXPECT_EQ(ExpectedVersionOf(status), 7);
  }
  EXPECT_THAT(wal->Acknowledge(5), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(wal->CutAbove(3), StatusIs(StatusCode::kOutOfRange));
  ASSERT_OK(Commit(*wal, 7, 7));
  EXPECT_EQ(ReadAll(*wal).value(), Records(5, 7));
}

TEST(Wal, RefusesAPayloadOverTheLimitBeforeTouchingIt) {
  MemFileSystem fs;
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs));
  // The bytes are never read: the length alone is refused.
  const char byte = 'x';
  const std::string_view huge(&byte, size_t{wal_format::kPayloadBytesMax} + 1);
  const Status status = wal->Append(1, huge, {}, {});
  EXPECT_THAT(status, StatusIs(StatusCode::kResourceExhausted));
  EXPECT_THAT(status, HasReason(Reason::kLimitExceeded));
  EXPECT_OK(Commit(*wal, 1, 1));
}

TEST(Wal, TakesTheLastVersionThatHasASuccessorAndNoMore) {
  MemFileSystem fs;
  {
    ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs));
    ASSERT_OK(Commit(*wal, INT64_MAX - 1, INT64_MAX - 1));
    EXPECT_THAT(AppendOnly(*wal, INT64_MAX), StatusIs(StatusCode::kInvalidArgument));
  }
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs));
  EXPECT_EQ(ReadAll(*wal).value(), Records(INT64_MAX - 1, INT64_MAX - 1));
}

TEST(Wal, RollsOnlyBehindAnAcknowledgedRecord) {
  MemFileSystem fs;
  WalOptions options;
  options.segment_bytes = 1;
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, options));
  ASSERT_OK(AppendOnly(*wal, 1));
  ASSERT_OK(AppendOnly(*wal, 2));
  ASSERT_OK(AppendOnly(*wal, 3));
  ASSERT_OK(wal->Sync());
  EXPECT_EQ(SegmentFiles(fs).size(), 1u);
  ASSERT_OK(wal->Acknowledge(3));
  EXPECT_EQ(SegmentFiles(fs).size(), 1u);
  ASSERT_OK(AppendOnly(*wal, 4));
  EXPECT_THAT(SegmentFiles(fs),
              ElementsAre("/log/00000000000000000001.wal", "/log/00000000000000000004.wal"));
  EXPECT_EQ(ReadAll(*wal).value(), Records(1, 4));
}

TEST(Wal, AcknowledgesOnce) {
  MemFileSystem fs;
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs));
  ASSERT_OK(AppendOnly(*wal, 1));
  ASSERT_OK(wal->Acknowledge(1));
  const uint64_t bytes = wal->Stats().bytes;
  EXPECT_OK(wal->Acknowledge(1));
  EXPECT_EQ(wal->Stats().bytes, bytes);
}

TEST(Wal, WritesTheCallsOfTheProtocolInOrder) {
  MemFileSystem disk;
  FaultFileSystem fs(disk);
  WalOptions options;
  options.segment_bytes = 1;
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, options));
  ASSERT_OK(Commit(*wal, 1, 2));
  ASSERT_OK(wal->Close());
  const std::string one = "/log/00000000000000000001.wal";
  const std::string two = "/log/00000000000000000002.wal";
  EXPECT_THAT(
      fs.trace(),
      ElementsAre("mkdir /log", "syncdir /", "syncdir /log", "create " + one, "append " + one,
                  "sync " + one, "syncdir /log", "append " + one, "sync " + one, "append " + one,
                  "append " + one, "sync " + one, "close " + one, "create " + two, "append " + two,
                  "sync " + two, "syncdir /log", "append " + two, "sync " + two, "append " + two,
                  "sync " + two, "close " + two));
}

TEST(Wal, SyncsNothingTwice) {
  MemFileSystem disk;
  FaultFileSystem fs(disk);
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs));
  ASSERT_OK(Commit(*wal, 1, 3));
  const uint64_t calls = fs.calls();
  const uint64_t syncs = wal->Stats().syncs;
  EXPECT_EQ(syncs, 3u);
  ASSERT_OK(wal->Sync());
  EXPECT_EQ(fs.calls(), calls);
  EXPECT_EQ(wal->Stats().syncs, syncs);
}

TEST(Wal, CountsWhatItHoldsAndDid) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, 20));
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, SmallSegments()));
  ASSERT_OK(Commit(*wal, 21, 30));
  const WalStats stats = wal->Stats();
  uint64_t bytes = 0;
  for (const std::string& path : SegmentFiles(fs)) {
    bytes += fs.Stat(path)->size_bytes;
  }
  EXPECT_EQ(stats.bytes, bytes);
  EXPECT_EQ(stats.segments, SegmentFiles(fs).size());
  EXPECT_EQ(stats.appends, 10u);
  uint64_t appended = 0;
  for (const auto& [version, payload] : Records(21, 30)) {
    appended += wal_format::kRecordHeaderBytes + payload.size();
  }
  EXPECT_EQ(stats.appended_bytes, appended);
}

TEST(Wal, FindsAVersionWithoutScanning) {
  constexpr Version kRecords = 10000;
  MemFileSystem disk;
  WalOptions options;
  options.segment_bytes = 50000;
  ASSERT_OK(MakeLog(disk, kRecords, options));
  FaultFileSystem fs(disk);
  fs.SetCounted([](const FsCall& call) { return call.op == FsOp::kRead; });
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, options));
  const uint64_t segments = wal->Stats().segments;
  EXPECT_GT(segments, 20u);
  // Two small reads for each sealed segment; the last one is read as a whole, which is less than a
  // read-ahead.
  EXPECT_LE(fs.calls(), 2 * segments + 4);
  for (Version version = 1; version <= kRecords; ++version) {
    const uint64_t before = fs.calls();
    ASSERT_OK_AND_ASSIGN(const WalRecordInfo info, wal->Find(version));
    ASSERT_EQ(info.root, RootOf(version));
    ASSERT_LE(fs.calls() - before, 2u) << version;
  }
  for (const Version version : {Version{1}, Version{5000}, kRecords}) {
    const uint64_t before = fs.calls();
    ASSERT_OK_AND_ASSIGN(const auto reader, wal->NewReader(version, version));
    ASSERT_TRUE(reader->Next().value());
    EXPECT_EQ(reader->payload(), PayloadOf(version));
    EXPECT_LE(fs.calls() - before, 4u) << version;
  }
}

TEST(Wal, RefusesEverythingAfterClose) {
  MemFileSystem fs;
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs));
  ASSERT_OK(Commit(*wal, 1, 2));
  ASSERT_OK(wal->Close());
  EXPECT_OK(wal->Close());
  for (const Status& status : {AppendOnly(*wal, 3), wal->Sync(), wal->Acknowledge(2),
                               wal->PruneBelow(1), wal->CutAbove(1)}) {
    EXPECT_THAT(status, StatusIs(StatusCode::kUnavailable));
    EXPECT_THAT(status, HasReason(Reason::kClosed));
  }
  EXPECT_EQ(fs.OpenHandles(), 0u);
}

TEST(Wal, CloseMakesEverythingDurable) {
  MemFileSystem fs;
  {
    ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs));
    ASSERT_OK(Commit(*wal, 1, 2));
    ASSERT_OK(AppendOnly(*wal, 3));
    ASSERT_OK(wal->Close());
  }
  const auto after = fs.Crash(CrashMode::kDropUnsynced, 1);
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(*after));
  EXPECT_EQ(ReadAll(*wal).value(), Records(1, 3));
}

TEST(Wal, TakesLargeAndEmptyPayloads) {
  MemFileSystem fs;
  std::map<Version, std::string> expected;
  ASSERT_OK_AND_ASSIGN(auto wal, OpenWal(fs));
  Version version = 0;
  for (const size_t size : {size_t{0}, size_t{3} << 20, size_t{1}, size_t{10} << 20, size_t{0},
                            size_t{1} << 20, (size_t{1} << 20) - 128}) {
    const std::string payload(size, static_cast<char>('a' + version));
    ++version;
    ASSERT_OK(wal->Append(version, payload, Sha256(payload), RootOf(version)));
    ASSERT_OK(wal->Acknowledge(version));
    expected[version] = payload;
  }
  EXPECT_TRUE(ReadAll(*wal).value() == expected);
  ASSERT_OK(wal->Close());
  ASSERT_OK_AND_ASSIGN(wal, OpenWal(fs));
  EXPECT_TRUE(ReadAll(*wal).value() == expected);
}

}  // namespace
}  // namespace flatkv::test
