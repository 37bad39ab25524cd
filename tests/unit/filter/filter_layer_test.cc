#include "flatkv/filter/filter_layer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "flatkv/base/endian.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/filter/filter_test_util.h"

namespace flatkv::filter_internal {
namespace {

using test::HashAt;

std::unique_ptr<FilterLayer> NewLayer(uint64_t blocks) { return *FilterLayer::Create(blocks); }

// The bits by the text of the Parquet specification, one word at a time.
std::string BlockByTheBook(uint64_t hash) {
  constexpr uint32_t kSalt[8] = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU, 0xa2b7289dU,
                                 0x705495c7U, 0x2df1424bU, 0x9efc4947U, 0x5c6bfb31U};
  std::string block;
  for (const uint32_t salt : kSalt) {
    AppendLe32(&block, uint32_t{1} << ((static_cast<uint32_t>(hash) * salt) >> 27));
  }
  return block;
}

TEST(FilterLayer, SetsTheBitsOfTheParquetSpecification) {
  for (uint64_t i = 0; i < 2000; ++i) {
    const uint64_t hash = HashAt(1, i);
    const auto layer = NewLayer(kLayerBlocksMin);
    layer->Add(hash, MaskOf(hash));
    std::string expected(layer->size_bytes(), '\0');
    expected.replace(((hash >> 32) * kLayerBlocksMin >> 32) * kBlockBytes, kBlockBytes,
                     BlockByTheBook(hash));
    std::string bytes(layer->size_bytes(), '\xff');
    layer->CopyBytes(0, bytes.size(), bytes.data());
    ASSERT_EQ(bytes, expected) << hash;
  }
}

TEST(FilterLayer, UsesTheFirstAndTheLastBlock) {
  const auto layer = NewLayer(1000);
  std::string expected(layer->size_bytes(), '\0');
  for (const uint64_t hash : {uint64_t{0}, UINT64_MAX}) {
    EXPECT_FALSE(layer->MayContain(hash, MaskOf(hash)));
    layer->Prefetch(hash);
    layer->Add(hash, MaskOf(hash));
    EXPECT_TRUE(layer->MayContain(hash, MaskOf(hash)));
  }
  expected.replace(0, kBlockBytes, BlockByTheBook(0));
  expected.replace(999 * kBlockBytes, kBlockBytes, BlockByTheBook(UINT64_MAX));
  std::string bytes(layer->size_bytes(), '\0');
  layer->CopyBytes(0, bytes.size(), bytes.data());
  EXPECT_EQ(bytes, expected);
}

TEST(FilterLayer, LacksAKeyOfWhichOneBitIsMissing) {
  const uint64_t hash = HashAt(1, 1);
  const std::string block = BlockByTheBook(hash);
  for (size_t word = 0; word < 8; ++word) {
    const auto layer = NewLayer(kLayerBlocksMin);
    std::string all_but_one(kBlockBytes, '\xff');
    const uint32_t bit = LoadLe32(block.data() + 4 * word);
    StoreLe32(all_but_one.data() + 4 * word, ~bit);
    char* const at = layer->BytesToFill() + BlockOf(hash, kLayerBlocksMin) * kBlockBytes;
    all_but_one.copy(at, kBlockBytes);
    EXPECT_FALSE(layer->MayContain(hash, MaskOf(hash))) << word;
    StoreLe32(at + 4 * word, bit);
    EXPECT_TRUE(layer->MayContain(hash, MaskOf(hash))) << word;
  }
}

TEST(FilterLayer, CopiesAnyRangeOfBlocks) {
  const auto layer = NewLayer(kLayerBlocksMin);
  for (uint64_t i = 0; i < 500; ++i) {
    layer->Add(HashAt(2, i), MaskOf(HashAt(2, i)));
  }
  std::string all(layer->size_bytes(), '\0');
  layer->CopyBytes(0, all.size(), all.data());
  EXPECT_EQ(all, std::string(layer->BytesToFill(), layer->size_bytes()));
  std::string part(3 * kBlockBytes, '\0');
  layer->CopyBytes(5 * kBlockBytes, part.size(), part.data());
  EXPECT_EQ(part, all.substr(5 * kBlockBytes, part.size()));
  layer->CopyBytes(layer->size_bytes(), 0, nullptr);
}

TEST(FilterLayer, CountsAKeyOnce) {
  const auto layer = NewLayer(kLayerBlocksMin);
  EXPECT_EQ(layer->keys(), 0u);
  for (int i = 0; i < 3; ++i) {
    layer->Add(7, MaskOf(7));
    EXPECT_EQ(layer->keys(), 1u);
  }
}

TEST(FilterLayer, IsFullAtTwelveBitsAKeyAndTakesAnEighthMoreWhenAsked) {
  const auto layer = NewLayer(1200);
  constexpr uint64_t kRoom = 1200 * 256 / 12;
  layer->SetKeys(kRoom - 1);
  EXPECT_FALSE(layer->IsFull());
  layer->SetKeys(kRoom);
  EXPECT_TRUE(layer->IsFull());
  layer->ExtendRoom();
  EXPECT_FALSE(layer->IsFull());
  layer->SetKeys(kRoom + kRoom / 8);
  EXPECT_TRUE(layer->IsFull());
}

TEST(FilterLayer, ExpectsTheRateOfTheLiterature) {
  constexpr uint64_t kBlocks = 100'000;
  const auto layer = NewLayer(kBlocks);
  EXPECT_EQ(layer->ExpectedFalsePositiveRate(), 0);
  // "most space efficient when used with an expected false positive rate of about 0.5% [...] 11.54
  // bits for every distinct value": the specification counts on blocks that are equally full, which
  // makes its rate a little low.
  layer->SetKeys(kBlocks * 256 * 100 / 1154);
  EXPECT_NEAR(layer->ExpectedFalsePositiveRate(), 0.0060, 0.0010);
  // Every bit set.
  layer->SetKeys(kBlocks * 256);
  EXPECT_NEAR(layer->ExpectedFalsePositiveRate(), 1, 0.01);
}

TEST(FilterLayer, SizesAreBounded) {
  EXPECT_EQ(BlocksFor(0), kLayerBlocksMin);
  EXPECT_EQ(BlocksFor(128 * 256 / 12), kLayerBlocksMin);
  EXPECT_EQ(BlocksFor(128 * 256 / 12 + 1), kLayerBlocksMin + 1);
  EXPECT_EQ(BlocksFor(1'000'000), 46'875u);
  EXPECT_EQ(BlocksFor(UINT64_MAX), kLayerBlocksMax);
  EXPECT_EQ(BlocksAfter(kLayerBlocksMin), 2 * kLayerBlocksMin);
  EXPECT_EQ(BlocksAfter(kLayerBlocksMax / 2 + 1), kLayerBlocksMax);
  EXPECT_EQ(BlocksAfter(kLayerBlocksMax), kLayerBlocksMax);
}

}  // namespace
}  // namespace flatkv::filter_internal
