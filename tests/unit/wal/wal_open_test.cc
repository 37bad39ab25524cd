// What Open repairs, what it refuses, and what it leaves alone.
#include <fmt/format.h>

#include "flatkv/base/sha256.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/wal/wal_codec.h"
#include "flatkv/wal/wal_format.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/wal/wal_test_util.h"

namespace flatkv::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kFirstFile[] = "/log/00000000000000000001.wal";

// Where record `version` of a log of one segment starts; every record is sealed.
uint64_t OffsetInOneSegment(Version version) {
  uint64_t offset = wal_format::kSegmentHeaderBytes;
  for (Version v = 1; v < version; ++v) {
    offset += wal_format::kRecordHeaderBytes + PayloadOf(v).size() + wal_format::kSealBytes;
  }
  return offset;
}

TEST(WalOpen, TruncationAtEveryLengthLeavesTheLongestValidPrefix) {
  // A truncation takes the seals with it, so nothing shows that a record was acknowledged: it is a
  // torn tail by design. What must survive a lost end of the file is named by committed_floor.
  constexpr Version kLast = 6;
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, kLast, {}));
  const std::string whole = FileBytes(fs, kFirstFile).value();
  for (uint64_t size = 0; size <= whole.size(); ++size) {
    SCOPED_TRACE(size);
    fs.Overwrite(kFirstFile, whole.substr(0, size));
    Version expected = 0;
    uint64_t kept = 0;  // of the bytes
    for (Version v = 1; v <= kLast; ++v) {
      const uint64_t end =
          OffsetInOneSegment(v) + wal_format::kRecordHeaderBytes + PayloadOf(v).size();
      if (size >= end) {
        expected = v;
        kept = size >= end + wal_format::kSealBytes ? end + wal_format::kSealBytes : end;
      }
    }
    if (expected == 0) {
      kept = size >= wal_format::kSegmentHeaderBytes ? wal_format::kSegmentHeaderBytes : 0;
    }
    WalOptions refuse;
    refuse.torn_tail = TornTail::kRefuse;
    WalOptions floor;
    floor.committed_floor = expected + 1;
    const bool torn = size != kept || size == 0;
    if (torn) {
      ASSERT_THAT(OpenWal(fs, refuse),
                  StatusIs(StatusCode::kFailedPrecondition,
                           AllOf(HasSubstr(kFirstFile), HasSubstr("wal.torn-tail = \"repair\""),
                                 HasSubstr(fmt::format("{} bytes", size - kept)))));
    }
    ASSERT_THAT(OpenWal(fs, floor), StatusIs(StatusCode::kDataLoss,
                                             HasSubstr(fmt::format("lost committed versions {}..{}",
                                                                   expected + 1, expected + 1))));
    ASSERT_EQ(FileBytes(fs, kFirstFile).value(), whole.substr(0, size)) << "refused, but changed";
    floor.committed_floor = expected;
    ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, floor));
    ASSERT_EQ(wal->last_version(), expected);
    ASSERT_EQ(ReadAll(*wal).value(), Records(1, expected));
    ASSERT_EQ(wal->recovery().torn_bytes, size - kept);
    ASSERT_EQ(wal->recovery().torn_file, torn ? kFirstFile : "");
    ASSERT_OK(Commit(*wal, expected + 1, expected + 2));
    ASSERT_EQ(ReadAll(*wal).value(), Records(1, expected + 2));
  }
}

TEST(WalOpen, TruncationOfTheLastOfSeveralSegmentsLeavesTheOthers) {
  constexpr Version kLast = 18;
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, kLast));
  const std::string last = SegmentFiles(fs).back();
  const std::string whole = FileBytes(fs, last).value();
  for (uint64_t size = 0; size <= whole.size(); ++size) {
    SCOPED_TRACE(size);
    const auto copy = fs.Clone();
    copy->Overwrite(last, whole.substr(0, size));
    ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(*copy, SmallSegments()));
    ASSERT_EQ(ReadAll(*wal).value(), Records(1, wal->last_version()));
    ASSERT_OK(Commit(*wal, wal->last_version() + 1, kLast + 3));
    ASSERT_OK(wal->Close());
    ASSERT_OK_AND_ASSIGN(const auto again, OpenWal(*copy, SmallSegments()));
    ASSERT_EQ(again->recovery().torn_bytes, 0u);
    ASSERT_EQ(ReadAll(*again).value(), Records(1, kLast + 3));
  }
}

TEST(WalOpen, ReportsAndLogsATornTail) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, 3, {}));
  fs.Resize(kFirstFile, OffsetInOneSegment(3) + 20);
  ListLogger logger;
  ASSERT_OK_AND_ASSIGN(const auto wal, Wal::Open(fs, logger, kLogDir, {}));
  EXPECT_EQ(wal->recovery().torn_bytes, 20u);
  EXPECT_EQ(wal->recovery().torn_file, kFirstFile);
  EXPECT_TRUE(logger.Saw("wal.torn_tail_repaired", fmt::format("{}: 20 bytes at offset {}",
                                                               kFirstFile, OffsetInOneSegment(3))));
}

TEST(WalOpen, RefusesAnAcknowledgedLastRecordThatWasDamaged) {
  // The defect to beat: damage in a length field makes a record look like the last thing in the
  // file.
  for (uint64_t field = 0; field <= wal_format::kRecordHeaderBytes; field += 4) {
    MemFileSystem fs;
    ASSERT_OK(MakeLog(fs, 6, {}));
    const uint64_t offset = OffsetInOneSegment(6);
    fs.FlipBit(kFirstFile, offset + field, 0);
    const auto opened = OpenWal(fs);
    EXPECT_THAT(opened, StatusIs(StatusCode::kDataLoss,
                                 AllOf(HasSubstr(kFirstFile), HasSubstr("version 6)"),
                                       HasSubstr(fmt::format("offset {}", offset)),
                                       HasSubstr("a seal of version 6"))))
        << field;
    EXPECT_THAT(opened, HasReason(Reason::kChangelogCorrupt));
  }
}

TEST(WalOpen, RefusesADamagedAcknowledgedRecordBeforeAnUnacknowledgedOneWithoutItsSeal) {
  // Versions 1 to 5 were one group and acknowledged; their seal was lost. That record 6 begins
  // another group tells what it was.
  MemFileSystem fs;
  {
    ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs));
    for (Version v = 1; v <= 5; ++v) {
      ASSERT_OK(AppendOnly(*wal, v));
    }
    ASSERT_OK(wal->Sync());
    ASSERT_OK(wal->Acknowledge(5));
    ASSERT_OK(AppendOnly(*wal, 6));
  }
  const uint64_t size = fs.Stat(kFirstFile)->size_bytes;
  fs.FlipBit(kFirstFile,
             size - PayloadOf(6).size() - wal_format::kRecordHeaderBytes - wal_format::kSealBytes,
             1);
  {
    const auto copy = fs.Clone();
    EXPECT_EQ((*OpenWal(*copy))->last_version(), 6);
  }
  fs.FlipBit(kFirstFile, 64 + 5, 1);
  EXPECT_THAT(OpenWal(fs), StatusIs(StatusCode::kDataLoss, HasSubstr("of version 6")));
}

TEST(WalOpen, CutsAGroupThatLostTheHeaderOfItsFirstRecord) {
  MemFileSystem fs;
  {
    ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs));
    ASSERT_OK(Commit(*wal, 1, 2));
    for (Version v = 3; v <= 6; ++v) {
      ASSERT_OK(AppendOnly(*wal, v));
    }
  }
  fs.FlipBit(kFirstFile, OffsetInOneSegment(3) + 5, 1);
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs));
  EXPECT_EQ(ReadAll(*wal).value(), Records(1, 2));
}

TEST(WalOpen, CutsAGroupThatLostASectorButRefusesOneThatWasAcknowledged) {
  // Records without room for seals between them were written before any acknowledgement: whole ones
  // behind a torn one prove nothing, a seal behind them does.
  for (const bool acknowledged : {false, true}) {
    MemFileSystem fs;
    {
      ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs));
      ASSERT_OK(Commit(*wal, 1, 2));
      for (Version v = 3; v <= 6; ++v) {
        ASSERT_OK(AppendOnly(*wal, v));
      }
      if (acknowledged) {
        ASSERT_OK(wal->Acknowledge(6));
      }
    }
    fs.FlipBit(kFirstFile, OffsetInOneSegment(3) + wal_format::kRecordHeaderBytes + 1, 0);
    const auto wal = OpenWal(fs);
    if (acknowledged) {
      EXPECT_THAT(wal, StatusIs(StatusCode::kDataLoss, HasSubstr("a seal of version 6")));
    } else {
      ASSERT_OK(wal);
      EXPECT_EQ(ReadAll(**wal).value(), Records(1, 2));
    }
  }
}

TEST(WalOpen, CutsADamagedLastSealAndWritesItAgain) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, 3, {}));
  const std::string whole = FileBytes(fs, kFirstFile).value();
  fs.FlipBit(kFirstFile, whole.size() - 3, 2);
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs));
  EXPECT_EQ(wal->recovery().torn_bytes, wal_format::kSealBytes);
  EXPECT_EQ(ReadAll(*wal).value(), Records(1, 3));
  EXPECT_EQ(FileBytes(fs, kFirstFile).value(), whole);
}

TEST(WalOpen, AcceptsALostSealBeforeAWholeRecord) {
  // A power cut can keep a record and lose the seal before it: neither was synced.
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, 4, {}));
  std::string bytes = FileBytes(fs, kFirstFile).value();
  const uint64_t seal = OffsetInOneSegment(3) - wal_format::kSealBytes;
  bytes.replace(seal, wal_format::kSealBytes, wal_format::kSealBytes, '\0');
  fs.Overwrite(kFirstFile, bytes);
  ListLogger logger;
  ASSERT_OK_AND_ASSIGN(const auto wal, Wal::Open(fs, logger, kLogDir, {}));
  EXPECT_EQ(ReadAll(*wal).value(), Records(1, 4));
  EXPECT_EQ(wal->recovery().torn_bytes, 0u);
  EXPECT_TRUE(logger.Saw("wal.damaged_seal", kFirstFile));
}

TEST(WalOpen, SealsARecordThatWasNeverAcknowledgedOnceItIsDurable) {
  MemFileSystem fs;
  {
    ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs));
    ASSERT_OK(AppendOnly(*wal, 1));
  }
  const auto killed = fs.Crash(CrashMode::kKeepAll, 0);
  {
    ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(*killed));
    EXPECT_EQ(wal->last_version(), 1);
  }
  // What the open showed counts as committed: it survives a power cut, and damage to it is refused.
  const auto cut = killed->Crash(CrashMode::kDropUnsynced, 0);
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(*cut));
  EXPECT_EQ(ReadAll(*wal).value(), Records(1, 1));
  killed->FlipBit(kFirstFile, 64 + 9, 0);
  EXPECT_THAT(OpenWal(*killed), StatusIs(StatusCode::kDataLoss));
}

TEST(WalOpen, SecondOpenChangesNothing) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, 11));
  fs.Resize(SegmentFiles(fs).back(), fs.Stat(SegmentFiles(fs).back())->size_bytes - 30);
  ASSERT_OK_AND_ASSIGN(auto wal, OpenWal(fs, SmallSegments()));
  wal.reset();
  FaultFileSystem second(fs);
  ASSERT_OK_AND_ASSIGN(wal, OpenWal(second, SmallSegments()));
  const std::string last = SegmentFiles(fs).back();
  EXPECT_THAT(second.trace(), ElementsAre("openappend " + last, "sync " + last, "syncdir /log"));
  EXPECT_EQ(wal->recovery().torn_bytes, 0u);
}

TEST(WalOpen, DoesNotTakePayloadBytesForFrames) {
  // A torn record whose payload imitates a later record with its seal: the payload is not searched.
  std::string fake;
  wal_internal::AppendSeal(7, &fake);
  wal_internal::RecordHeader header;
  header.version = 9;
  header.payload_checksum = wal_internal::Checksum("");
  wal_internal::AppendRecordHeader(header, &fake);
  wal_internal::AppendSeal(9, &fake);
  const std::string payload = fake + std::string(100, 'x');
  MemFileSystem fs;
  {
    ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs));
    ASSERT_OK(Commit(*wal, 1, 1));
    ASSERT_OK(wal->Append(2, payload, Sha256(payload), RootOf(2)));
  }
  fs.Resize(kFirstFile, fs.Stat(kFirstFile)->size_bytes - 1);
  ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs));
  EXPECT_EQ(ReadAll(*wal).value(), Records(1, 1));
}

TEST(WalOpen, RefusesUnknownNamesAndRemovesLeftovers) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, 3, {}));
  ASSERT_OK(WriteFileDurably(fs, "/log/CUT-tmp", "half a mark"));
  { ASSERT_OK(OpenWal(fs)); }
  EXPECT_THAT(fs.List(kLogDir).value(), ElementsAre(BaseName(kFirstFile)));
  for (const char* name : {"notes.txt", "1.wal", "00000000000000000001.wal.bak", "cut"}) {
    ASSERT_OK(WriteFileDurably(fs, JoinPath(kLogDir, name), ""));
    EXPECT_THAT(OpenWal(fs), StatusIs(StatusCode::kFailedPrecondition, HasSubstr(name)));
    ASSERT_OK(RemoveFileDurably(fs, JoinPath(kLogDir, name)));
  }
}

TEST(WalOpen, RefusesALogThatEndsBelowTheCommittedFloor) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, 12));
  WalOptions options = SmallSegments();
  options.committed_floor = 12;
  ASSERT_OK(OpenWal(fs, options));
  options.committed_floor = 15;
  EXPECT_THAT(OpenWal(fs, options),
              StatusIs(StatusCode::kDataLoss, HasSubstr("lost committed versions 13..15")));
  ASSERT_OK(fs.RemoveFile(SegmentFiles(fs).back()));
  options.committed_floor = 12;
  EXPECT_THAT(OpenWal(fs, options), StatusIs(StatusCode::kDataLoss, HasSubstr("..12")));
  MemFileSystem empty;
  EXPECT_THAT(OpenWal(empty, options),
              StatusIs(StatusCode::kDataLoss, HasSubstr("lost committed versions 1..12")));
}

TEST(WalOpen, RemovesASegmentWhoseCreationWasInterrupted) {
  for (const std::string& content : {std::string(), std::string(63, 'x'), std::string(64, '\0')}) {
    MemFileSystem fs;
    ASSERT_OK(MakeLog(fs, 1, {}));
    WalOptions options;
    options.segment_bytes = 1;
    {
      ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, options));
      ASSERT_OK(Commit(*wal, 2, 2));
    }
    const std::string last = SegmentFiles(fs).back();
    fs.Overwrite(last, content);
    WalOptions floor;
    floor.committed_floor = 2;
    EXPECT_THAT(OpenWal(fs, floor),
                StatusIs(StatusCode::kDataLoss, HasSubstr("lost committed versions 2..2")));
    ASSERT_OK_AND_ASSIGN(const auto wal, OpenWal(fs, options));
    EXPECT_THAT(SegmentFiles(fs), ElementsAre(kFirstFile));
    EXPECT_EQ(wal->recovery().torn_file, last);
    ASSERT_OK(Commit(*wal, 2, 3));
    EXPECT_EQ(ReadAll(*wal).value(), Records(1, 3));
  }
}

TEST(WalOpen, RefusesADamagedHeaderWithBytesBehindIt) {
  MemFileSystem fs;
  ASSERT_OK(MakeLog(fs, 1, {}));
  fs.FlipBit(kFirstFile, 20, 0);
  EXPECT_THAT(OpenWal(fs), StatusIs(StatusCode::kDataLoss, HasSubstr("segment header")));
}

}  // namespace
}  // namespace flatkv::test
