// Damage of closed logs: nothing wrong is ever served, and nothing acknowledged is ever dropped
// silently.
#include <fmt/format.h>

#include "tests/support/status_matchers.h"
#include "tests/unit/wal/wal_test_util.h"

namespace flatkv::test {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr Version kLast = 20;

// Opens and reads the damaged log. True if it was refused, at once or by the reader, naming file
// and version; false if everything acknowledged came back.
testing::AssertionResult RefusedOrWhole(FileSystem& fs, bool* refused) {
  const auto wal = OpenWal(fs, SmallSegments());
  Status status = wal.status();
  if (wal.ok()) {
    const auto records = ReadAll(**wal);
    status = records.status();
    if (records.ok() && *records != Records(1, kLast)) {
      return testing::AssertionFailure() << "served other records, to " << (*wal)->last_version();
    }
  }
  *refused = !status.ok();
  if (status.ok()) {
    return testing::AssertionSuccess();
  }
  const std::string message(MessageOf(status));
  if (status.code() != StatusCode::kDataLoss || ReasonOf(status) != Reason::kChangelogCorrupt ||
      message.find(".wal") == std::string::npos || message.find("version ") == std::string::npos) {
    return testing::AssertionFailure() << "refused without saying where: " << ToString(status);
  }
  return testing::AssertionSuccess();
}

TEST(WalDamage, EverySingleBitFlipIsRefusedOrLosesNothing) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, kLast));
  const std::vector<std::string> paths = SegmentFiles(fs);
  ASSERT_GE(paths.size(), 4u);
  uint64_t refused_flips = 0;
  uint64_t flips = 0;
  for (const std::string& path : paths) {
    const std::string whole = FileBytes(fs, path).value();
    for (uint64_t bit = 0; bit < whole.size() * 8; ++bit) {
      const auto copy = fs.Clone();
      copy->FlipBit(path, bit / 8, static_cast<unsigned>(bit % 8));
      bool refused = false;
      ASSERT_TRUE(RefusedOrWhole(*copy, &refused)) << path << " bit " << bit;
      refused_flips += refused ? 1 : 0;
      ++flips;
    }
  }
  // Only seals may be damaged without a refusal.
  uint64_t bytes = 0;
  for (const std::string& path : paths) {
    bytes += fs.Stat(path)->size_bytes;
  }
  EXPECT_EQ(flips, bytes * 8);
  EXPECT_EQ(flips - refused_flips, kLast * 24 * 8);
}

TEST(WalDamage, EverySingleBitFlipInALogOfGroupsIsRefusedOrLosesNothing) {
  MemFileSystem fs;
  {
    ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, SmallSegments()));
    for (Version version = 1; version <= kLast; ++version) {
      ASSERT_OK(AppendOnly(*wal, version));
      if (version % 3 == 0 || version == kLast) {
        ASSERT_OK(wal->Sync());
        ASSERT_OK(wal->Acknowledge(version));
      }
    }
    ASSERT_OK(wal->Close());
  }
  uint64_t flips = 0;
  uint64_t refused_flips = 0;
  for (const std::string& path : SegmentFiles(fs)) {
    const std::string whole = FileBytes(fs, path).value();
    for (uint64_t bit = 0; bit < whole.size() * 8; ++bit) {
      const auto copy = fs.Clone();
      copy->FlipBit(path, bit / 8, static_cast<unsigned>(bit % 8));
      bool refused = false;
      ASSERT_TRUE(RefusedOrWhole(*copy, &refused)) << path << " bit " << bit;
      refused_flips += refused ? 1 : 0;
      ++flips;
    }
  }
  // Only seals may be damaged without a refusal, and a group has one.
  EXPECT_EQ(flips - refused_flips, (kLast + 2) / 3 * 24 * 8);
}

TEST(WalDamage, EveryBitFlipInASealedLastSegmentIsRefusedOrLosesNothing) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, kLast));
  // Rolls, then loses the next segment's file as a crash right after the footer would.
  WalOptions tiny;
  tiny.segment_bytes = 1;
  {
    ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, tiny));
    ASSERT_OK(Commit(*wal, kLast + 1, kLast + 1));
  }
  ASSERT_OK(fs.RemoveFile(SegmentFiles(fs).back()));
  const std::string path = SegmentFiles(fs).back();
  const std::string whole = FileBytes(fs, path).value();
  for (uint64_t bit = 0; bit < whole.size() * 8; ++bit) {
    const auto copy = fs.Clone();
    copy->FlipBit(path, bit / 8, static_cast<unsigned>(bit % 8));
    bool refused = false;
    ASSERT_TRUE(RefusedOrWhole(*copy, &refused)) << "bit " << bit;
  }
}

TEST(WalDamage, RefusesAMissingSegment) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, kLast));
  const std::vector<std::string> paths = SegmentFiles(fs);
  for (size_t i = 1; i + 1 < paths.size(); ++i) {
    const auto copy = fs.Clone();
    ASSERT_OK(copy->RemoveFile(paths[i]));
    EXPECT_THAT(OpenWal(*copy, SmallSegments()),
                StatusIs(StatusCode::kDataLoss, HasSubstr(paths[i + 1])));
  }
  // A missing last one is a shorter log: only the floor tells. A missing first one is what a prune
  // leaves.
  const auto copy = fs.Clone();
  ASSERT_OK(copy->RemoveFile(paths.back()));
  WalOptions options = SmallSegments();
  options.committed_floor = kLast;
  EXPECT_THAT(OpenWal(*copy, options), StatusIs(StatusCode::kDataLoss, HasSubstr("lost")));
}

TEST(WalDamage, RefusesASegmentUnderAnotherName) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, kLast));
  const std::vector<std::string> paths = SegmentFiles(fs);
  for (size_t i = 0; i < paths.size(); ++i) {
    for (size_t j = 0; j < paths.size(); ++j) {
      if (i == j) {
        continue;
      }
      const auto copied = fs.Clone();
      copied->Overwrite(paths[i], FileBytes(fs, paths[j]).value());
      EXPECT_THAT(OpenWal(*copied, SmallSegments()), StatusIs(StatusCode::kDataLoss)) << i << j;
      copied->Overwrite(paths[j], FileBytes(fs, paths[i]).value());
      EXPECT_THAT(OpenWal(*copied, SmallSegments()), StatusIs(StatusCode::kDataLoss)) << i << j;
    }
    const auto copied = fs.Clone();
    ASSERT_OK(copied->Link(paths[i], "/log/00000000000000000099.wal"));
    EXPECT_THAT(OpenWal(*copied, SmallSegments()), StatusIs(StatusCode::kDataLoss));
  }
}

TEST(WalDamage, RefusesAnOlderCopyOfASegment) {
  MemFileSystem fs;
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, SmallSegments()));
  std::vector<std::pair<std::string, std::string>> older;
  for (Version version = 1; version <= kLast; ++version) {
    ASSERT_OK(Commit(*wal, version, version));
    const std::string path = SegmentFiles(fs).back();
    older.emplace_back(path, FileBytes(fs, path).value());
  }
  ASSERT_OK(wal->Close());
  for (const auto& [path, bytes] : older) {
    const auto copy = fs.Clone();
    copy->Overwrite(path, bytes);
    if (path != SegmentFiles(fs).back()) {
      EXPECT_THAT(OpenWal(*copy, SmallSegments()),
                  StatusIs(StatusCode::kDataLoss, HasSubstr(path)));
      continue;
    }
    // Of the last one, an older copy is a shorter log: only the floor tells.
    WalOptions options = SmallSegments();
    options.committed_floor = kLast;
    const auto opened = OpenWal(*copy, options);
    EXPECT_TRUE(bytes == FileBytes(fs, path).value() ||
                opened.status().code() == StatusCode::kDataLoss);
  }
}

TEST(WalDamage, RefusesASegmentOfAnotherHistory) {
  // Cut and written again differently: same names and versions, another chain.
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, kLast));
  const auto before = fs.Clone();
  {
    ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, SmallSegments()));
    ASSERT_OK(wal->CutAbove(2));
    for (Version version = 3; version <= kLast; ++version) {
      // The same payloads, so that segments end at the same versions; other roots.
      const std::string payload = PayloadOf(version);
      ASSERT_OK(wal->Append(version, payload, {}, RootOf(version, 1)));
      ASSERT_OK(wal->Acknowledge(version));
    }
    ASSERT_OK(wal->Close());
  }
  const std::vector<std::string> paths = SegmentFiles(fs);
  ASSERT_EQ(paths, SegmentFiles(*before));
  for (const std::string& path : paths) {
    const auto copy = fs.Clone();
    copy->Overwrite(path, FileBytes(*before, path).value());
    EXPECT_THAT(OpenWal(*copy, SmallSegments()),
                StatusIs(StatusCode::kDataLoss, HasSubstr("chain")));
  }
}

TEST(WalDamage, RefusesZeroedAndFilledPages) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, kLast));
  for (const std::string& path : SegmentFiles(fs)) {
    const std::string whole = FileBytes(fs, path).value();
    for (size_t at = 0; at < whole.size(); at += 64) {
      for (const char fill : {'\0', '\xff', 'F'}) {
        const size_t count = std::min<size_t>(64, whole.size() - at);
        // The end of the last segment may vanish with its seals: a torn tail by design.
        if (path == SegmentFiles(fs).back() && at + count + 256 > whole.size()) {
          continue;
        }
        std::string bytes = whole;
        bytes.replace(at, count, count, fill);
        const auto copy = fs.Clone();
        copy->Overwrite(path, bytes);
        bool refused = false;
        EXPECT_TRUE(RefusedOrWhole(*copy, &refused)) << path << " at " << at;
      }
    }
  }
}

}  // namespace
}  // namespace flatkv::test
