#include "flatkv/wal/wal_codec.h"

#include <fmt/format.h>

#include <functional>

#include "flatkv/base/hex.h"
#include "flatkv/base/sha256.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/posix_file_system.h"
#include "flatkv/wal/wal_format.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/wal/wal_test_util.h"

namespace flatkv::wal_internal {
namespace {

using flatkv::test::IsOk;
using flatkv::test::StatusIs;

// The golden bytes were computed outside this code, from the byte table.
std::string Golden(const std::string& name) {
  const std::string path = std::string(FLATKV_GOLDEN_DIR) + "/wal_" + name + ".hex";
  std::string text = ReadFile(PosixFileSystem(), path, 1 << 20).value();
  std::erase(text, '\n');
  return HexDecode(text).value();
}

Digest Counting(uint8_t start) {
  Digest digest;
  for (uint8_t& byte : digest) {
    byte = start++;
  }
  return digest;
}

RecordHeader SomeRecord() {
  return {42, 5, Checksum("hello"), Counting(0x20), Counting(0x40), Counting(0x60)};
}

// Every bit of a frame is covered: no flip decodes.
template <typename T>
void ExpectEveryFlipRefused(const std::string& frame,
                            const std::function<StatusOr<T>(std::string_view)>& decode) {
  ASSERT_OK(decode(frame));
  for (size_t i = 0; i < frame.size() * 8; ++i) {
    std::string flipped = frame;
    flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ (1 << (i % 8)));
    EXPECT_THAT(decode(flipped), StatusIs(StatusCode::kDataLoss)) << "bit " << i;
  }
  for (size_t size = 0; size < frame.size(); ++size) {
    EXPECT_THAT(decode(frame.substr(0, size)), StatusIs(StatusCode::kDataLoss)) << size;
  }
}

TEST(WalCodec, SegmentHeaderIsAsSpecified) {
  std::string bytes;
  AppendSegmentHeader({0x0102030405060708, Counting(0x20)}, &bytes);
  EXPECT_EQ(HexEncode(bytes), HexEncode(Golden("segment_header")));
  ASSERT_OK_AND_ASSIGN(const SegmentHeader header, DecodeSegmentHeader(bytes));
  EXPECT_EQ(header.first, 0x0102030405060708);
  EXPECT_EQ(header.prev_digest, Counting(0x20));
  ExpectEveryFlipRefused<SegmentHeader>(bytes, DecodeSegmentHeader);
}

TEST(WalCodec, RecordIsAsSpecified) {
  std::string bytes;
  AppendRecordHeader(SomeRecord(), &bytes);
  EXPECT_EQ(HexEncode(bytes + "hello"), HexEncode(Golden("record")));
  ASSERT_OK_AND_ASSIGN(const RecordHeader header, DecodeRecordHeader(bytes));
  EXPECT_EQ(header.version, 42);
  EXPECT_EQ(header.payload_bytes, 5u);
  EXPECT_EQ(header.payload_checksum, Checksum("hello"));
  EXPECT_EQ(header.prev_digest, Counting(0x20));
  EXPECT_EQ(header.root, Counting(0x40));
  EXPECT_EQ(header.content_digest, Counting(0x60));
  ExpectEveryFlipRefused<RecordHeader>(bytes, DecodeRecordHeader);
}

TEST(WalCodec, ARecordThatContinuesAGroupDiffersInItsMagicAndChecksumOnly) {
  std::string begins;
  AppendRecordHeader(SomeRecord(), &begins);
  RecordHeader header = SomeRecord();
  header.continues_group = true;
  std::string bytes;
  AppendRecordHeader(header, &bytes);
  EXPECT_EQ(bytes.substr(0, 4), "FKC1");
  EXPECT_EQ(bytes.substr(4, 116), begins.substr(4, 116));
  EXPECT_TRUE(DecodeRecordHeader(bytes)->continues_group);
  EXPECT_FALSE(DecodeRecordHeader(begins)->continues_group);
  ExpectEveryFlipRefused<RecordHeader>(bytes, DecodeRecordHeader);
}

TEST(WalCodec, SealIsAsSpecified) {
  std::string bytes;
  AppendSeal(42, &bytes);
  EXPECT_EQ(HexEncode(bytes), HexEncode(Golden("seal")));
  EXPECT_EQ(DecodeSeal(bytes).value(), 42);
  ExpectEveryFlipRefused<Version>(bytes, DecodeSeal);
}

TEST(WalCodec, FooterIsAsSpecified) {
  const std::string index = HexDecode("4000000000000000d900000000000000e803000000000000").value();
  std::string bytes;
  AppendFooter({3, 42, Counting(0x80), Checksum(index)}, &bytes);
  EXPECT_EQ(HexEncode(bytes), HexEncode(Golden("footer")));
  ASSERT_OK_AND_ASSIGN(const Footer footer, DecodeFooter(bytes));
  EXPECT_EQ(footer.records, 3u);
  EXPECT_EQ(footer.first, 42);
  EXPECT_EQ(footer.last_digest, Counting(0x80));
  EXPECT_EQ(footer.index_checksum, Checksum(index));
  ExpectEveryFlipRefused<Footer>(bytes, DecodeFooter);
}

TEST(WalCodec, SealedSegmentFileIsAsSpecified) {
  test::MemFileSystem fs;
  WalOptions options;
  options.segment_bytes = 500;
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Wal> wal, test::OpenWal(fs, options));
  const auto append = [&](Version version, std::string_view payload) {
    Digest root;
    root.fill(static_cast<uint8_t>(version));
    return wal->Append(version, payload, Sha256(payload), root);
  };
  ASSERT_OK(append(7, "a"));
  ASSERT_OK(wal->Acknowledge(7));
  ASSERT_OK(append(8, ""));
  ASSERT_OK(append(9, "ccc"));
  ASSERT_OK(wal->Acknowledge(9));
  ASSERT_OK(append(10, "in the next segment"));
  ASSERT_OK(wal->Close());
  EXPECT_EQ(HexEncode(test::FileBytes(fs, "/log/00000000000000000007.wal").value()),
            HexEncode(Golden("sealed_segment")));
}

// The bytes of a frame with `value` at `offset`, under a checksum that matches.
std::string WithField(std::string frame, size_t offset, std::string_view value) {
  frame.replace(offset, value.size(), value);
  const uint64_t checksum = Checksum(std::string_view(frame).substr(0, frame.size() - 8));
  frame.replace(frame.size() - 8, 8, reinterpret_cast<const char*>(&checksum), 8);
  return frame;
}

TEST(WalCodec, RefusesValuesThatAreNeverWrittenUnderAGoodChecksum) {
  const std::string zero(8, '\0');
  const std::string max = HexDecode("ffffffffffffff7f").value();
  std::string header;
  AppendSegmentHeader({1, {}}, &header);
  EXPECT_THAT(DecodeSegmentHeader(WithField(header, 8, header.substr(8, 8))), IsOk());
  EXPECT_THAT(DecodeSegmentHeader(WithField(header, 8, zero)), StatusIs(StatusCode::kDataLoss));
  EXPECT_THAT(DecodeSegmentHeader(WithField(header, 8, max)), StatusIs(StatusCode::kDataLoss));
  EXPECT_THAT(DecodeSegmentHeader(WithField(header, 48, "x")), StatusIs(StatusCode::kDataLoss));
  std::string record;
  AppendRecordHeader(SomeRecord(), &record);
  EXPECT_THAT(DecodeRecordHeader(WithField(record, 8, max)), StatusIs(StatusCode::kDataLoss));
  EXPECT_THAT(DecodeRecordHeader(WithField(record, 4, HexDecode("01000040").value())),
              StatusIs(StatusCode::kDataLoss));
  EXPECT_THAT(DecodeRecordHeader(WithField(record, 4, HexDecode("00000040").value())), IsOk());
  std::string seal;
  AppendSeal(1, &seal);
  EXPECT_THAT(DecodeSeal(WithField(seal, 8, zero)), StatusIs(StatusCode::kDataLoss));
  EXPECT_THAT(DecodeSeal(WithField(seal, 4, "x")), StatusIs(StatusCode::kDataLoss));
  std::string footer;
  AppendFooter({1, 1, {}, 0}, &footer);
  EXPECT_THAT(DecodeFooter(WithField(footer, 4, zero.substr(0, 4))),
              StatusIs(StatusCode::kDataLoss));
  EXPECT_THAT(DecodeFooter(WithField(footer, 8, HexDecode("feffffffffffff7f").value())),
              StatusIs(StatusCode::kDataLoss));
}

}  // namespace
}  // namespace flatkv::wal_internal
