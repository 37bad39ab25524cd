#include "flatkv/filter/filter_header.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <string>

#include "flatkv/base/endian.h"
#include "flatkv/base/hex.h"
#include "flatkv/filter/filter_layer.h"
#include "flatkv/filter/key_filter.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/filter/filter_test_util.h"

namespace flatkv::filter_internal {
namespace {

using test::kStoreId;
using test::StatusIs;
using ::testing::HasSubstr;

std::string Xxh3Of(std::string_view bytes) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
  return {reinterpret_cast<const char*>(canonical.digest), sizeof(canonical.digest)};
}

FilterHeader SampleHeader() {
  FilterHeader header;
  header.seed = 0x1122334455667788;
  header.version = 300;
  header.store_id = kStoreId;
  header.layers = {{1000, 20'000}, {2000, 7}};
  return header;
}

// The sample with the bytes at `at` replaced and the digest made right again.
std::string Reforged(size_t at, std::string_view bytes) {
  std::string header = EncodeHeader(SampleHeader());
  header.replace(at, bytes.size(), bytes);
  return header.replace(496, 16, Xxh3Of(std::string_view(header).substr(0, 496)));
}
std::string Le64(uint64_t value) {
  std::string bytes;
  AppendLe64(&bytes, value);
  return bytes;
}

TEST(FilterHeader, IsTheDocumentedBytes) {
  const std::string bytes = EncodeHeader(SampleHeader());
  ASSERT_EQ(bytes.size(), 512u);
  EXPECT_EQ(HexEncode(bytes.substr(0, 80)),
            "464b46494c544552"                  // magic
            "01000000"                          // format
            "02000000"                          // layers
            "8877665544332211"                  // seed
            "2c01000000000000"                  // version
            "00112233445566778899aabbccddeeff"  // store id
            "e803000000000000"
            "204e000000000000"  // 1000 blocks, 20000 keys
            "d007000000000000"
            "0700000000000000");  // 2000 blocks, 7 keys
  EXPECT_EQ(bytes.substr(80, 496 - 80), std::string(496 - 80, '\0'));
  EXPECT_EQ(bytes.substr(496), Xxh3Of(bytes.substr(0, 496)));
}

TEST(FilterHeader, DecodesWhatItEncoded) {
  const FilterHeader sample = SampleHeader();
  ASSERT_OK_AND_ASSIGN(const FilterHeader header, DecodeHeader(EncodeHeader(sample)));
  EXPECT_EQ(header.seed, sample.seed);
  EXPECT_EQ(header.version, sample.version);
  EXPECT_EQ(header.store_id, sample.store_id);
  EXPECT_EQ(header.layers, sample.layers);
  EXPECT_EQ(FileBytesOf(header), 512 + 3000 * 32 + 16u);
}

TEST(FilterHeader, HoldsTheMostLayersOfTheLargestSize) {
  FilterHeader sample = SampleHeader();
  sample.layers.assign(KeyFilter::kLayersMax, {kLayerBlocksMax, kLayerBlocksMax * 256});
  ASSERT_OK_AND_ASSIGN(const FilterHeader header, DecodeHeader(EncodeHeader(sample)));
  EXPECT_EQ(header.layers, sample.layers);
  EXPECT_EQ(FileBytesOf(header), 512 + 24 * (uint64_t{8} << 30) + 16);
}

TEST(FilterHeader, RefusesWhatItWouldNotEncode) {
  const struct {
    size_t at;
    std::string bytes;
    std::string cause;
  } cases[] = {
      {0, "FKFILTEX", "magic"},
      {8, std::string("\2\0\0\0", 4), "format 2"},
      {12, std::string(4, '\0'), "0 layers"},
      {12, std::string("\x19\0\0\0", 4), "25 layers"},
      {12, std::string("\xff\xff\xff\xff", 4), "4294967295 layers"},
      // One layer less leaves its entry as unused bytes, one more has no blocks.
      {12, std::string("\1\0\0\0", 4), "not zero"},
      {12, std::string("\3\0\0\0", 4), "layer 2 cannot have 0 blocks"},
      {24, Le64(UINT64_MAX), "version"},
      {48, Le64(kLayerBlocksMin - 1), "layer 0 cannot have 127 blocks"},
      {48, Le64(kLayerBlocksMax + 1), "layer 0 cannot have 268435457 blocks"},
      {48, Le64(UINT64_MAX), "layer 0 cannot have"},
      {56, Le64(1000 * 256 + 1), "256001 keys"},
      {64, Le64(1999), "layer 1 cannot have 1999 blocks"},
      {72, Le64(UINT64_MAX), "keys"},
      {80, "x", "not zero"},
      {495, "x", "not zero"},
  };
  for (const auto& wrong : cases) {
    EXPECT_THAT(DecodeHeader(Reforged(wrong.at, wrong.bytes)),
                StatusIs(StatusCode::kDataLoss, HasSubstr(wrong.cause)))
        << wrong.at << " " << wrong.cause;
  }
  std::string damaged = EncodeHeader(SampleHeader());
  damaged[20] ^= 1;
  EXPECT_THAT(DecodeHeader(damaged), StatusIs(StatusCode::kDataLoss, HasSubstr("digest")));
}

TEST(FilterHeader, ChecksWhatItIsGivenToEncode) {
  EXPECT_OK(CheckNames(kStoreId, 0));
  EXPECT_OK(CheckNames(kStoreId, INT64_MAX));
  EXPECT_THAT(CheckNames(kStoreId, -1), StatusIs(StatusCode::kInvalidArgument));
  for (const char* id : {"", "00112233445566778899aabbccddee", "00112233445566778899aabbccddeef",
                         "00112233445566778899AABBCCDDEEFF", "0011223344556677-899aabbccddeeff",
                         "00112233445566778899aabbccddeeff00"}) {
    EXPECT_THAT(CheckNames(id, 1), StatusIs(StatusCode::kInvalidArgument)) << id;
  }
}

}  // namespace
}  // namespace flatkv::filter_internal
