// Goal: what goes through a Sei stream comes back the same, and the stream is what Sei reads.
#include <gtest/gtest.h>

#include <random>

#include "flatkv/base/hex.h"
#include "flatkv/fs/durable.h"
#include "flatkv/sei/sei_stream.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/sei/sei_test_util.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;

TEST(SeiRoundTrip, GivesTheSameArchive) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  MemFileSystem fs;
  ASSERT_THAT(WriteArchive(fs, "a", SampleRows(3000, seed), Suite::kBlake3, EmptyEntry()), IsOk());
  const StatusOr<ToSeiReport> sent =
      ArchiveToSei(fs, {.from = "a", .to = "sei", .threads = 2, .part_bytes = 10000}, nullptr);
  ASSERT_THAT(sent, IsOk());
  EXPECT_GT(sent->parts, 10u);
  FromSeiOptions options = FromSeiInto(fs, "sei", "b");
  options.part_bytes = 10000;
  options.threads = 2;
  options.expected_root = sent->state.root;
  const StatusOr<FromSeiReport> back = SeiToArchive(fs, options, nullptr);
  ASSERT_THAT(back, IsOk());
  EXPECT_EQ(back->manifest.state, sent->state);
  EXPECT_EQ(back->manifest.TotalRows(), sent->rows);
  EXPECT_EQ(FilesOf(fs, "a"), FilesOf(fs, "b"));
  EXPECT_EQ(fs.OpenHandles(), 0u);
}

TEST(SeiRoundTrip, OfAStateWithAPayloadDiffersInPayloadAndItsDigestOnly) {
  MemFileSystem fs;
  ASSERT_THAT(WriteArchive(fs, "a", FewRows(), Suite::kBlake3, "the changes of a block"), IsOk());
  ASSERT_THAT(ArchiveToSei(fs, {.from = "a", .to = "sei"}, nullptr), IsOk());
  ASSERT_THAT(SeiToArchive(fs, FromSeiInto(fs, "sei", "b"), nullptr), IsOk());
  std::map<std::string, std::string> a = FilesOf(fs, "a");
  std::map<std::string, std::string> b = FilesOf(fs, "b");
  EXPECT_EQ(b[kArchivePayloadName], EmptyEntry());
  StatusOr<ArchiveManifest> manifest = DecodeArchiveManifest(a[kArchiveManifestName], "a");
  const StatusOr<ArchiveManifest> other = DecodeArchiveManifest(b[kArchiveManifestName], "b");
  ASSERT_THAT(manifest, IsOk());
  ASSERT_THAT(other, IsOk());
  manifest->payload_bytes = other->payload_bytes;
  manifest->content_digest = other->content_digest;
  EXPECT_EQ(*manifest, *other);
  for (const char* const name : {kArchiveManifestName, kArchivePayloadName}) {
    a.erase(name);
    b.erase(name);
  }
  EXPECT_EQ(a, b);
}

TEST(SeiRoundTrip, KeepsRowsThatAreLargerThanAChunk) {
  MemFileSystem fs;
  Rows rows = FewRows();
  std::mt19937_64 random(1);
  for (int i = 0; i < 4; ++i) {
    std::string value(size_t{3} << 20, '\0');
    for (char& byte : value) {
      byte = static_cast<char>(random() % 16);
    }
    rows["bank/large" + std::to_string(i)] = MiscRow(kVersion, i == 2 ? value + value : value);
  }
  ASSERT_THAT(WriteArchive(fs, "a", rows, Suite::kBlake3, EmptyEntry()), IsOk());
  ASSERT_THAT(ArchiveToSei(fs, {.from = "a", .to = "sei"}, nullptr), IsOk());
  ASSERT_THAT(SeiToArchive(fs, FromSeiInto(fs, "sei", "b"), nullptr), IsOk());
  EXPECT_EQ(FilesOf(fs, "a"), FilesOf(fs, "b"));
}

TEST(SeiRoundTrip, OfAStateWithoutRows) {
  MemFileSystem fs;
  ASSERT_THAT(WriteArchive(fs, "a", {}, Suite::kBlake3, EmptyEntry()), IsOk());
  ASSERT_THAT(ArchiveToSei(fs, {.from = "a", .to = "sei"}, nullptr), IsOk());
  EXPECT_EQ(Unpack(JoinParts(fs, "sei")), Encode({StoreItem("flatkv")}));
  ASSERT_THAT(SeiToArchive(fs, FromSeiInto(fs, "sei", "b"), nullptr), IsOk());
  EXPECT_EQ(FilesOf(fs, "a"), FilesOf(fs, "b"));
}

TEST(ArchiveToSei, WritesRowsInTheOrderOfTheirKeysOverAllDataDbs) {
  MemFileSystem fs;
  ASSERT_THAT(WriteArchive(fs, "a", FewRows(), Suite::kBlake3, EmptyEntry()), IsOk());
  ASSERT_THAT(ArchiveToSei(fs, {.from = "a", .to = "sei", .one_file = true}, nullptr), IsOk());
  const std::string address = "1111111111111111111111111111111111111111";
  const std::string slot = "2222222222222222222222222222222222222222222222222222222222222222";
  const std::string expected =
      // the store's name
      "0a"
      "0a08"
      "0a06666c61746b76"
      // bank/k, misc, without a value; version 42
      "17"
      "1215"
      "0a06"
      "62616e6b2f6b"
      "1209"
      "00"
      "0000000000000001"
      "182a"
      // evm/01..., misc
      "30"
      "122e"
      "0a19"
      "65766d2f01" +
      address +
      "120f"
      "00"
      "0000000000000009"
      "6d6170706564"
      "182a"
      // evm/03..., storage
      "6a"
      "1268"
      "0a39"
      "65766d2f03" +
      address + slot +
      "1229"
      "00"
      "000000000000002a"
      "0101010101010101010101010101010101010101010101010101010101010101"
      "182a"
      // evm/07..., code
      "2e"
      "122c"
      "0a19"
      "65766d2f07" +
      address +
      "120d"
      "00"
      "0000000000000008"
      "636f6465"
      "182a"
      // evm/0a..., account: balance, nonce, code hash
      "72"
      "1270"
      "0a19"
      "65766d2f0a" +
      address +
      "1251"
      "00"
      "0000000000000007"
      "0000000000000000000000000000000000000000000000000000000000000000"
      "0000000000000005"
      "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
      "182a";
  EXPECT_EQ(HexEncode(Unpack(FilesOf(fs, "sei").at(""))), expected);
}

TEST(ArchiveToSei, CutsTheStreamIntoPartsOfOneSize) {
  MemFileSystem fs;
  ASSERT_THAT(WriteArchive(fs, "a", SampleRows(500, 7), Suite::kBlake3, EmptyEntry()), IsOk());
  const StatusOr<ToSeiReport> whole =
      ArchiveToSei(fs, {.from = "a", .to = "whole", .one_file = true}, nullptr);
  ASSERT_THAT(whole, IsOk());
  // Once so that the last part is full.
  for (const uint64_t part_bytes : {uint64_t{1000}, whole->stream_bytes, uint64_t{1} << 30}) {
    const std::string to = "parts" + std::to_string(part_bytes);
    const StatusOr<ToSeiReport> cut =
        ArchiveToSei(fs, {.from = "a", .to = to, .part_bytes = part_bytes}, nullptr);
    ASSERT_THAT(cut, IsOk());
    EXPECT_EQ(cut->stream_bytes, whole->stream_bytes);
    EXPECT_EQ(cut->parts, (whole->stream_bytes + part_bytes - 1) / part_bytes);
    EXPECT_EQ(FilesOf(fs, to).size(), cut->parts);
    EXPECT_EQ(JoinParts(fs, to), FilesOf(fs, "whole").at(""));
  }
}

TEST(ArchiveToSei, TakesATargetWithASlashAtItsEnd) {
  MemFileSystem fs;
  ASSERT_THAT(WriteArchive(fs, "a", FewRows(), Suite::kBlake3, EmptyEntry()), IsOk());
  ASSERT_THAT(ArchiveToSei(fs, {.from = "a", .to = "sei/"}, nullptr), IsOk());
  EXPECT_EQ(FilesOf(fs, "sei").size(), 1u);
  EXPECT_THAT(ArchiveToSei(fs, {.from = "a", .to = "sei/"}, nullptr),
              StatusIs(StatusCode::kFailedPrecondition));
}

TEST(ArchiveToSei, RefusesAnotherSuite) {
  MemFileSystem fs;
  ASSERT_THAT(WriteArchive(fs, "a", FewRows(), Suite::kSha256, EmptyEntry()), IsOk());
  const StatusOr<ToSeiReport> sent = ArchiveToSei(fs, {.from = "a", .to = "sei"}, nullptr);
  EXPECT_THAT(sent, StatusIs(StatusCode::kFailedPrecondition, HasSubstr("suite sha256")));
  EXPECT_THAT(sent, HasReason(Reason::kSuiteMismatch));
  EXPECT_FALSE(*Exists(fs, "sei"));
}

TEST(ArchiveToSei, LeavesWhatIsThereAlone) {
  MemFileSystem fs;
  ASSERT_THAT(WriteArchive(fs, "a", FewRows(), Suite::kBlake3, EmptyEntry()), IsOk());
  ASSERT_THAT(WriteFile(fs, "sei", "mine"), IsOk());
  for (const bool one_file : {false, true}) {
    EXPECT_THAT(ArchiveToSei(fs, {.from = "a", .to = "sei", .one_file = one_file}, nullptr),
                StatusIs(StatusCode::kFailedPrecondition, HasSubstr("name another target")));
  }
  EXPECT_EQ(FilesOf(fs, "sei").at(""), "mine");
  ASSERT_THAT(fs.MakeDir("other-tmp"), IsOk());
  ASSERT_THAT(WriteFile(fs, "other-tmp/notes", "mine"), IsOk());
  EXPECT_THAT(ArchiveToSei(fs, {.from = "a", .to = "other"}, nullptr),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("notes")));
}

TEST(ArchiveToSei, NamesTheDamagedChunkAndWritesNothing) {
  MemFileSystem fs;
  ASSERT_THAT(WriteArchive(fs, "a", FewRows(), Suite::kBlake3, EmptyEntry()), IsOk());
  fs.FlipBit("a/000003.chunk", 2200, 1);
  EXPECT_THAT(ArchiveToSei(fs, {.from = "a", .to = "sei"}, nullptr),
              StatusIs(StatusCode::kDataLoss, HasSubstr("000003.chunk")));
  EXPECT_FALSE(*Exists(fs, "sei"));
  EXPECT_FALSE(*Exists(fs, "sei-tmp"));
}

TEST(ArchiveToSei, IsCancelledWithoutATrace) {
  MemFileSystem fs;
  ASSERT_THAT(WriteArchive(fs, "a", FewRows(), Suite::kBlake3, EmptyEntry()), IsOk());
  EXPECT_THAT(
      ArchiveToSei(fs, {.from = "a", .to = "sei"}, [](const SeiProgress&) { return false; }),
      StatusIs(StatusCode::kCancelled));
  EXPECT_FALSE(*Exists(fs, "sei"));
  EXPECT_FALSE(*Exists(fs, "sei-tmp"));
}

}  // namespace
}  // namespace flatkv::test
