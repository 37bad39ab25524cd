#include "flatkv/archive/chunk.h"

#include <gtest/gtest.h>

#include <functional>

#include "flatkv/archive/archive_limits.h"
#include "flatkv/archive/chunk_format.h"
#include "flatkv/base/endian.h"
#include "tests/unit/archive/archive_test_util.h"

namespace flatkv {
namespace {

using test::kArchiveVersion;
using test::RowOf;
using test::SampleRow;
using test::StatusIs;
using ::testing::HasSubstr;

const ArchiveState kState{Suite::kSha256, kArchiveVersion, Digest{1, 2, 3}};

// The chunk of these rows, whatever is wrong with them.
EncodedChunk ChunkOf(const std::vector<SampleRow>& rows, const std::string& module) {
  RawChunk raw;
  raw.number = 1;
  raw.db = rows.front().db;
  raw.module = module;
  for (const SampleRow& row : rows) {
    raw.Add(row.key, row.value);
  }
  return EncodeChunk(raw, kState, RowHasher(Suite::kSha256));
}

Status Decode(const std::string& bytes) {
  ASSIGN_OR_RETURN(const ChunkInfo info, DecodeChunkInfo(bytes, "000001.chunk"));
  return DecodeChunkRows(bytes, info, "000001.chunk", RowHasher(Suite::kSha256)).status();
}

// The chunk with its digest made right again after a change.
std::string Forge(std::string bytes, const std::function<void(char* header)>& change) {
  change(bytes.data());
  bytes.resize(bytes.size() - chunk_format::kDigestBytes);
  const Digest digest = Sha256(bytes);
  return bytes.append(AsBytes(digest));
}

TEST(Chunk, ReadsBackWithItsHashAndEmptyValues) {
  const test::SampleArchive archive;
  ASSERT_EQ(archive.chunks.size(), 6u);
  uint64_t rows = 0;
  for (const EncodedChunk& chunk : archive.chunks) {
    const auto info = DecodeChunkInfo(chunk.bytes, "c");
    ASSERT_OK(info);
    EXPECT_EQ(info->digest, chunk.info.digest);
    EXPECT_EQ(info->hash, chunk.info.hash);
    EXPECT_EQ(info->module, chunk.info.module);
    EXPECT_EQ(info->bytes, chunk.info.bytes);
    const auto decoded = DecodeChunkRows(chunk.bytes, *info, "c", archive.hasher);
    ASSERT_OK(decoded);
    for (const ChunkRow& row : decoded->rows) {
      const SampleRow expected = test::SampleRows()[rows++];
      EXPECT_EQ(row.key, expected.key);
      EXPECT_EQ(row.value, expected.value);
    }
  }
  EXPECT_EQ(rows, test::SampleRows().size());
}

TEST(Chunk, WithAnyByteFlippedOrCutOffIsRefused) {
  const test::SampleArchive archive;
  const std::string& bytes = archive.chunks[2].bytes;
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 8)));
    const Status status = DecodeChunkInfo(damaged, "000003.chunk").status();
    EXPECT_THAT(status, StatusIs(StatusCode::kDataLoss, HasSubstr("000003.chunk"))) << i;
    EXPECT_EQ(ReasonOf(status), Reason::kArchiveCorrupt);
    EXPECT_FALSE(DecodeChunkInfo(bytes.substr(0, i), "c").ok()) << i;
  }
}

// A right digest proves nothing: whoever made the chunk made it.
TEST(Chunk, WithForgedNumbersIsRefused) {
  const std::string good = ChunkOf({{DataDb::kMisc, "bank/a", RowOf("1")}}, "bank").bytes;
  ASSERT_OK(Decode(good));
  for (const size_t at : {chunk_format::kRowsAt, chunk_format::kTextBytesAt,
                          chunk_format::kPackedBytesAt, chunk_format::kModuleBytesAt}) {
    for (const uint64_t value : {uint64_t{0}, uint64_t{7}, ~uint64_t{0}, uint64_t{1} << 40}) {
      EXPECT_FALSE(Decode(Forge(good,
                                [&](char* header) {
                                  if (at == chunk_format::kModuleBytesAt) {
                                    StoreLe32(header + at, static_cast<uint32_t>(value));
                                  } else {
                                    StoreLe64(header + at, value);
                                  }
                                }))
                       .ok())
          << at << " " << value;
    }
  }
  EXPECT_FALSE(Decode(Forge(good, [](char* header) { header[chunk_format::kDbAt] = 9; })).ok());
  EXPECT_FALSE(Decode(Forge(good, [](char* header) { header[chunk_format::kSuiteAt] = 3; })).ok());
  EXPECT_FALSE(Decode(Forge(good, [](char* header) { header[chunk_format::kHashAt] ^= 1; })).ok());
}

TEST(Chunk, WithRowsThatNoStoreHoldsIsRefused) {
  struct Case {
    std::vector<SampleRow> rows;
    std::string module;
    std::string defect;
  };
  const std::string slot = std::string(kAddressBytes + kSlotBytes, 's');
  const std::string storage = PhysicalKey("evm", kStoragePrefix + slot);
  const std::string value = RowOf(std::string(kStorageValueBytes, 'v'));
  const std::vector<Case> cases = {
      {{{DataDb::kMisc, "/a", RowOf("1")}}, "", "module"},
      {{{DataDb::kMisc, "_meta/version", RowOf("1")}}, "_meta", "module"},
      {{{DataDb::kMisc, "gov/a", RowOf("1")}}, "bank", "another module"},
      {{{DataDb::kMisc, "bank/b", RowOf("1")}, {DataDb::kMisc, "bank/a", RowOf("1")}},
       "bank",
       "ascending"},
      {{{DataDb::kMisc, "bank/a", RowOf("1")}, {DataDb::kMisc, "bank/a", RowOf("1")}},
       "bank",
       "ascending"},
      {{{DataDb::kMisc, storage, value}}, "evm", "does not belong into data DB misc"},
      {{{DataDb::kStorage, "bank/a", value}}, "bank", "does not belong into data DB storage"},
      {{{DataDb::kAccount, "evm/\x08" + std::string(kAddressBytes, 'a'), value}},
       "evm",
       "does not belong into data DB account"},
      {{{DataDb::kMisc, "bank/a", ""}}, "bank", ""},
      {{{DataDb::kMisc, "bank/a", RowOf("1", kArchiveVersion + 1)}}, "bank", "of version 8"},
      {{{DataDb::kStorage, storage, RowOf("short")}}, "evm", ""},
      {{{DataDb::kStorage, storage, RowOf(std::string(kStorageValueBytes, '\0'))}},
       "evm",
       "stored as no row"}};
  for (const Case& bad : cases) {
    EXPECT_THAT(Decode(ChunkOf(bad.rows, bad.module).bytes),
                StatusIs(StatusCode::kDataLoss, HasSubstr(bad.defect)))
        << bad.rows.front().key;
  }
}

TEST(ChunkCutter, EndsAChunkWhereTheNextRowDoesNotFit) {
  std::vector<SampleRow> rows;
  for (int i = 0; i < 6; ++i) {
    rows.push_back({DataDb::kMisc, fmt::format("bank/{}", i), RowOf(std::string(1 << 20, 'x'))});
  }
  // Larger than any chunk.
  rows.push_back({DataDb::kMisc, "bank/6", RowOf(std::string(kChunkBytesMax + 1, 'x'))});
  rows.push_back({DataDb::kMisc, "bank/7", RowOf("x")});
  const test::SampleArchive archive(rows);
  std::vector<uint64_t> counts;
  for (const EncodedChunk& chunk : archive.chunks) {
    counts.push_back(chunk.info.rows);
    EXPECT_OK(DecodeChunkRows(chunk.bytes, chunk.info, "c", archive.hasher));
  }
  EXPECT_THAT(counts, testing::ElementsAre(3, 3, 1, 1));
}

TEST(ChunkName, IsParsedStrictly) {
  EXPECT_EQ(ChunkName(12), "000012.chunk");
  EXPECT_TRUE(IsChunkName("000012.chunk"));
  EXPECT_TRUE(IsChunkName("1000000.chunk"));
  for (const char* name : {"", "12.chunk", "0000012.chunk", "000012.chunk-tmp", "-00001.chunk"}) {
    EXPECT_FALSE(IsChunkName(name)) << name;
  }
}

}  // namespace
}  // namespace flatkv
