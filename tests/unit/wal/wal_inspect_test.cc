#include "flatkv/wal/wal_inspect.h"

#include <fmt/format.h>

#include "flatkv/base/sha256.h"
#include "flatkv/fs/durable.h"
#include "flatkv/wal/wal_cut.h"
#include "flatkv/wal/wal_format.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/wal/wal_test_util.h"

namespace flatkv::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Version kLast = 20;

WalInspection Inspect(FileSystem& fs, WalInspectDepth depth = WalInspectDepth::kRecords) {
  const StatusOr<WalInspection> inspection = InspectWal(fs, kLogDir, depth);
  EXPECT_OK(inspection);
  return inspection.ok() ? *inspection : WalInspection();
}

// What WalkWal gives, and its end.
struct Walked {
  std::map<Version, std::string> records;
  Status status;
};
Walked Walk(FileSystem& fs, Version first, Version last) {
  Walked walked;
  walked.status =
      WalkWal(fs, kLogDir, first, last, [&](const WalRecordInfo& info, std::string_view payload) {
        EXPECT_EQ(info.root, RootOf(info.version));
        walked.records[info.version] = payload;
        return OkStatus();
      });
  return walked;
}

std::map<std::string, std::string> Files(FileSystem& fs) {
  std::map<std::string, std::string> files;
  const std::vector<std::string> names = fs.List(kLogDir).value();
  for (const std::string& name : names) {
    const std::string path = fmt::format("{}/{}", kLogDir, name);
    files[name] = FileBytes(fs, path).value();
  }
  return files;
}

TEST(WalInspect, ListsTheSegmentsOfASoundLog) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, kLast));
  for (const WalInspectDepth depth : {WalInspectDepth::kOutline, WalInspectDepth::kRecords}) {
    const WalInspection inspection = Inspect(fs, depth);
    ASSERT_EQ(inspection.segments.size(), SegmentFiles(fs).size());
    EXPECT_FALSE(inspection.defect.has_value());
    EXPECT_FALSE(inspection.cut_target.has_value());
    EXPECT_EQ(inspection.first_version(), 1);
    EXPECT_EQ(inspection.last_version(), kLast);
    Version next = 1;
    for (const WalSegmentSummary& segment : inspection.segments) {
      EXPECT_EQ(segment.first, next);
      EXPECT_EQ(segment.size_bytes, fs.Stat(segment.path)->size_bytes);
      EXPECT_EQ(segment.state, &segment == &inspection.segments.back() ? WalSegmentState::kActive
                                                                       : WalSegmentState::kSealed);
      next = segment.last + 1;
    }
    EXPECT_EQ(next, kLast + 1);
    if (depth == WalInspectDepth::kRecords) {
      EXPECT_EQ(inspection.records_read, static_cast<uint64_t>(kLast));
    }
  }
}

TEST(WalInspect, ADirectoryThatIsMissingIsNotFoundAndAnEmptyOneHoldsNothing) {
  MemFileSystem fs;
  EXPECT_THAT(InspectWal(fs, kLogDir, WalInspectDepth::kRecords), StatusIs(StatusCode::kNotFound));
  ASSERT_OK(fs.MakeDir(kLogDir));
  const WalInspection inspection = Inspect(fs);
  EXPECT_TRUE(inspection.segments.empty());
  EXPECT_EQ(inspection.last_version(), 0);
  EXPECT_OK(Walk(fs, 1, 9).status);
}

TEST(WalInspect, ReadsBesideAWriter) {
  MemFileSystem fs;
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, SmallSegments()));
  for (Version version = 1; version <= kLast; ++version) {
    ASSERT_OK(AppendOnly(*wal, version));
    WalInspection inspection = Inspect(fs);
    EXPECT_FALSE(inspection.defect.has_value()) << version;
    EXPECT_EQ(inspection.last_version(), version);
    ASSERT_OK(wal->Sync());
    ASSERT_OK(wal->Acknowledge(version));
    inspection = Inspect(fs, WalInspectDepth::kOutline);
    EXPECT_FALSE(inspection.defect.has_value()) << version;
    EXPECT_EQ(inspection.last_version(), version);
  }
  EXPECT_EQ(Walk(fs, 1, kLast).records, Records(1, kLast));
  ASSERT_OK(wal->CutAbove(7));
  EXPECT_EQ(Inspect(fs).last_version(), 7);
  ASSERT_OK(wal->PruneBelow(7));
  const WalInspection pruned = Inspect(fs);
  EXPECT_FALSE(pruned.defect.has_value());
  EXPECT_EQ(pruned.first_version(), wal->first_version());
  ASSERT_OK(wal->Close());
}

// Whatever prefix of an append is there, it is unfinished, and nothing before it is in doubt.
TEST(WalInspect, EveryPrefixOfTheLastAppendIsInProgressAndLosesNothingBeforeIt) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, kLast - 1));
  const std::string path = SegmentFiles(fs).back();
  const uint64_t before = fs.Stat(path)->size_bytes;
  {
    ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, SmallSegments()));
    ASSERT_OK(AppendOnly(*wal, kLast));
  }
  ASSERT_EQ(SegmentFiles(fs).back(), path) << "the append must not start a segment";
  const uint64_t whole = before + wal_format::kRecordHeaderBytes + PayloadOf(kLast).size();
  for (uint64_t size = before; size <= whole; ++size) {
    const auto copy = fs.Clone();
    copy->Resize(path, size);
    const WalInspection inspection = Inspect(*copy);
    ASSERT_FALSE(inspection.defect.has_value()) << size;
    EXPECT_EQ(inspection.last_version(), size == whole ? kLast : kLast - 1) << size;
    EXPECT_EQ(inspection.segments.back().unfinished_bytes, size == whole ? 0 : size - before);
    EXPECT_EQ(inspection.segments.back().state, size == before || size == whole
                                                    ? WalSegmentState::kActive
                                                    : WalSegmentState::kInProgress);
  }
}

TEST(WalInspect, EveryPrefixOfANewSegmentsHeaderIsInProgress) {
  MemFileSystem fs;
  WalOptions tiny;
  tiny.segment_bytes = 1;
  ASSERT_OK(MakeLog(fs, 3, tiny));
  const std::string path = SegmentFiles(fs).back();
  for (uint64_t size = 0; size < wal_format::kSegmentHeaderBytes; ++size) {
    const auto copy = fs.Clone();
    copy->Resize(path, size);
    const WalInspection inspection = Inspect(*copy);
    ASSERT_FALSE(inspection.defect.has_value()) << size << ": " << inspection.defect->cause;
  }
}

TEST(WalInspect, NamesFileOffsetAndVersionOfADamagedPayloadAndListsWhatIsBehindIt) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, kLast));
  const std::string path = SegmentFiles(fs).at(1);
  const Version first = Inspect(fs).segments.at(1).first;
  const Version damaged = PayloadOf(first).empty() ? first + 1 : first;
  ASSERT_EQ(damaged, first) << "the first record of the segment must have a payload";
  fs.FlipBit(path, wal_format::kSegmentHeaderBytes + wal_format::kRecordHeaderBytes, 3);
  const WalInspection inspection = Inspect(fs);
  ASSERT_TRUE(inspection.defect.has_value());
  EXPECT_EQ(inspection.defect->path, path);
  EXPECT_EQ(inspection.defect->offset, wal_format::kSegmentHeaderBytes);
  EXPECT_EQ(inspection.defect->version, first);
  EXPECT_THAT(inspection.defect->cause, HasSubstr("payload checksum"));
  EXPECT_EQ(inspection.segments.at(1).state, WalSegmentState::kDamaged);
  EXPECT_EQ(inspection.segments.size(), SegmentFiles(fs).size());
  EXPECT_EQ(inspection.last_version(), kLast);
  EXPECT_THAT(ToStatus(*inspection.defect), AllOf(StatusIs(StatusCode::kDataLoss, HasSubstr(path)),
                                                  HasReason(Reason::kChangelogCorrupt)));
  // The outline does not look at records of sealed segments.
  EXPECT_FALSE(Inspect(fs, WalInspectDepth::kOutline).defect.has_value());

  const Walked walked = Walk(fs, 1, kLast);
  EXPECT_THAT(walked.status, StatusIs(StatusCode::kDataLoss, HasSubstr("version ")));
  EXPECT_EQ(walked.records, Records(1, first - 1));
  EXPECT_OK(Walk(fs, 1, first - 1).status);
}

// As Wal::Open and its reader would judge: refused there is a defect here, and nothing is written.
TEST(WalInspect, EveryBitFlipIsADefectOrHarmlessAsForTheLogItselfAndNothingIsWritten) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, kLast));
  for (const std::string& path : SegmentFiles(fs)) {
    const uint64_t bytes = fs.Stat(path)->size_bytes;
    for (uint64_t bit = 0; bit < bytes * 8; bit += 3) {
      const auto copy = fs.Clone();
      copy->FlipBit(path, bit / 8, static_cast<unsigned>(bit % 8));
      const auto before = Files(*copy);
      const WalInspection inspection = Inspect(*copy);
      ASSERT_EQ(Files(*copy), before);
      const auto wal = OpenWal(*copy, SmallSegments());
      bool refused = !wal.ok() || !ReadAll(**wal).ok();
      if (wal.ok() && !refused) {
        // An open reads no index that no lookup asks for; ReadAll asks for every version.
        refused = (*wal)->last_version() != kLast;
      }
      EXPECT_EQ(inspection.defect.has_value(), refused)
          << path << " bit " << bit << ": "
          << (inspection.defect.has_value() ? inspection.defect->cause : "no defect");
    }
  }
}

TEST(WalInspect, AMissingSegmentAndAnotherChainAreDefectsOfTheSegmentBehind) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, kLast));
  const std::vector<std::string> paths = SegmentFiles(fs);
  const auto gap = fs.Clone();
  ASSERT_OK(gap->RemoveFile(paths.at(1)));
  const WalInspection missing = Inspect(*gap, WalInspectDepth::kOutline);
  ASSERT_TRUE(missing.defect.has_value());
  EXPECT_EQ(missing.defect->path, paths.at(2));
  EXPECT_THAT(missing.defect->cause, HasSubstr("ends with version"));

  // A segment of the same versions with other content.
  MemFileSystem other;
  {
    ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(other, SmallSegments()));
    for (Version version = 1; version <= kLast; ++version) {
      const std::string payload = PayloadOf(version);
      ASSERT_OK(wal->Append(version, payload, Sha256(payload), RootOf(version, 1)));
      ASSERT_OK(wal->Sync());
      ASSERT_OK(wal->Acknowledge(version));
    }
  }
  ASSERT_EQ(SegmentFiles(other), paths);
  const auto mixed = fs.Clone();
  mixed->Overwrite(paths.at(1), FileBytes(other, paths.at(1)).value());
  const WalInspection chain = Inspect(*mixed);
  ASSERT_TRUE(chain.defect.has_value());
  EXPECT_EQ(chain.defect->path, paths.at(1));
  EXPECT_THAT(chain.defect->cause, HasSubstr("does not continue the chain"));
}

TEST(WalInspect, AnUnsealedSegmentInTheMiddleIsADefect) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, kLast));
  const std::string path = SegmentFiles(fs).front();
  fs.Resize(path, fs.Stat(path)->size_bytes - 1);
  const WalInspection inspection = Inspect(fs, WalInspectDepth::kOutline);
  ASSERT_TRUE(inspection.defect.has_value());
  EXPECT_THAT(inspection.defect->cause, HasSubstr("not sealed"));
}

TEST(WalInspect, ShowsAnInterruptedCutAndADamagedMark) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, kLast));
  ASSERT_OK(wal_internal::WriteCutMark(fs, kLogDir, 9));
  EXPECT_EQ(Inspect(fs).cut_target, 9);
  const std::string mark = fmt::format("{}/CUT", kLogDir);
  fs.FlipBit(mark, 30, 1);
  const WalInspection inspection = Inspect(fs);
  ASSERT_TRUE(inspection.defect.has_value());
  EXPECT_EQ(inspection.defect->path, mark);
}

TEST(WalInspect, WalksExactlyTheVersionsAsked) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, kLast));
  for (Version first = 1; first <= kLast; ++first) {
    for (Version last = first; last <= kLast; ++last) {
      const Walked walked = Walk(fs, first, last);
      ASSERT_OK(walked.status);
      ASSERT_EQ(walked.records, Records(first, last));
    }
  }
  EXPECT_EQ(Walk(fs, 15, kLast + 5).records, Records(15, kLast));
  EXPECT_TRUE(Walk(fs, kLast + 1, kLast + 5).records.empty());
}

TEST(WalInspect, AnErrorOfTheReceiverEndsTheWalk) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, kLast));
  int calls = 0;
  EXPECT_THAT(WalkWal(fs, kLogDir, 1, kLast,
                      [&](const WalRecordInfo&, std::string_view) {
                        return ++calls == 3 ? Cancelled("enough") : OkStatus();
                      }),
              StatusIs(StatusCode::kCancelled, "enough"));
  EXPECT_EQ(calls, 3);
}

TEST(WalInspect, ProgressCancelsAndReachesTheWhole) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, kLast));
  uint64_t done = 0;
  uint64_t total = 0;
  ASSERT_OK(InspectWal(fs, kLogDir, WalInspectDepth::kRecords, [&](uint64_t d, uint64_t t) {
    EXPECT_GT(d, done);
    done = d;
    total = t;
    return true;
  }));
  EXPECT_EQ(total, Inspect(fs).size_bytes());
  EXPECT_LE(done, total);
  EXPECT_THAT(
      InspectWal(fs, kLogDir, WalInspectDepth::kRecords, [](uint64_t, uint64_t) { return false; }),
      StatusIs(StatusCode::kCancelled));
}

// Takes segments away while they are read, as a prune or a cut of the writer does.
class VanishingFileSystem : public MemFileSystem {
 public:
  StatusOr<std::unique_ptr<RandomAccessFile>> OpenRead(const std::string& path) override {
    if (path == vanishes_at_) {
      EXPECT_OK(RemoveFile(vanishes_));
      vanishes_at_.clear();
    }
    return MemFileSystem::OpenRead(path);
  }
  std::string vanishes_at_;
  std::string vanishes_;
};

TEST(WalInspect, WhatVanishesWhileItIsReadIsNoDamage) {
  VanishingFileSystem fs;
  ASSERT_OK(MakeLog(fs, kLast));
  const std::vector<std::string> paths = SegmentFiles(fs);
  fs.vanishes_at_ = fs.vanishes_ = paths.at(2);
  EXPECT_THAT(InspectWal(fs, kLogDir, WalInspectDepth::kRecords),
              StatusIs(StatusCode::kAborted, HasSubstr("run the command again")));
  // A prune of what has been read already changes nothing.
  VanishingFileSystem pruned;
  ASSERT_OK(MakeLog(pruned, kLast));
  pruned.vanishes_at_ = paths.at(2);
  pruned.vanishes_ = paths.at(0);
  EXPECT_FALSE(Inspect(pruned).defect.has_value());
}

}  // namespace
}  // namespace flatkv::test
