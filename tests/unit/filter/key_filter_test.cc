#include "flatkv/filter/key_filter.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <xxhash.h>

#include <cmath>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/status_matchers.h"
#include "tests/unit/filter/filter_test_util.h"

namespace flatkv {
namespace {

using filter_internal::FilterLayer;
using filter_internal::kLayerBlocksMin;
using test::AddRange;
using test::BytesOf;
using test::CountContained;
using test::HashAt;
using test::NewFilter;

constexpr uint64_t kSeed = 11;

TEST(KeyFilter, HasNothingAtFirst) {
  const auto filter = NewFilter(1000);
  EXPECT_EQ(CountContained(*filter, kSeed, 0, 10'000), 0u);
  EXPECT_EQ(filter->keys(), 0u);
  EXPECT_EQ(filter->layers(), 1u);
  EXPECT_EQ(filter->ExpectedFalsePositiveRate(), 0);
}

TEST(KeyFilter, HasEveryKeyAfterEveryGrowth) {
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  constexpr uint64_t kKeys = 1'000'000;
  const auto filter = NewFilter(20'000);
  size_t layers = 1;
  for (uint64_t i = 0; i < kKeys; ++i) {
    filter->Prefetch(HashAt(kSeed, i));
    filter->Add(HashAt(kSeed, i));
    ASSERT_TRUE(filter->MayContain(HashAt(kSeed, i)));
    if (filter->layers() != layers) {
      ASSERT_EQ(filter->layers(), ++layers);
      ASSERT_EQ(CountContained(*filter, kSeed, 0, i + 1), i + 1);
    }
  }
  // 20,000 keys times 1 + 2 + 4 + 8 + 16 + 32.
  EXPECT_EQ(layers, 6u);
  EXPECT_EQ(CountContained(*filter, kSeed, 0, kKeys), kKeys);
  EXPECT_LE(filter->keys(), kKeys);
  EXPECT_GE(filter->keys(), kKeys - kKeys / 40);
}

TEST(KeyFilter, HasEveryKeyThatItHashed) {
  const auto filter = NewFilter(20'000);
  std::string key;
  for (uint64_t i = 0; i < 50'000; ++i) {
    filter->Add(filter->HashOf(kAllDataDbs[i % kDataDbs], fmt::format("evm/{}", i)));
  }
  for (uint64_t i = 0; i < 50'000; ++i) {
    ASSERT_TRUE(
        filter->MayContain(filter->HashOf(kAllDataDbs[i % kDataDbs], fmt::format("evm/{}", i))));
  }
}

// Among a million absent keys: off by less than a tenth of the rate, several times what chance
// explains.
TEST(KeyFilter, IsWrongAsRarelyAsItExpects) {
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  constexpr uint64_t kExpectedKeys = 100'000;
  constexpr uint64_t kProbes = 1'000'000;
  const auto filter = NewFilter(kExpectedKeys);
  const struct {
    uint64_t keys;
    double rate_min;
    double rate_max;
  } steps[] = {{kExpectedKeys / 2, 0.00010, 0.00030},
               {kExpectedKeys, 0.0045, 0.0060},
               {8 * kExpectedKeys, 0.010, 0.020}};
  uint64_t added = 0;
  for (const auto& step : steps) {
    AddRange(*filter, kSeed, added, step.keys);
    added = step.keys;
    const double expected = filter->ExpectedFalsePositiveRate();
    EXPECT_GT(expected, step.rate_min) << step.keys;
    EXPECT_LT(expected, step.rate_max) << step.keys;
    const double found =
        static_cast<double>(CountContained(*filter, kSeed + 1, 0, kProbes)) / kProbes;
    const double chance = 5 * std::sqrt(expected / kProbes);
    EXPECT_NEAR(found, expected, expected / 10 + chance) << step.keys;
  }
}

TEST(KeyFilter, AddingAgainChangesNothing) {
  const auto filter = NewFilter(3000);
  AddRange(*filter, kSeed, 0, 20'000);
  const std::string bytes = BytesOf(*filter);
  const uint64_t keys = filter->keys();
  AddRange(*filter, kSeed, 0, 20'000);
  EXPECT_EQ(filter->keys(), keys);
  EXPECT_TRUE(BytesOf(*filter) == bytes);
}

TEST(KeyFilter, GrowsByLayersOfTwiceTheRoom) {
  const auto filter = NewFilter(0);
  EXPECT_EQ(filter->size_bytes(), 4096u);
  AddRange(*filter, kSeed, 0, 2700);
  EXPECT_EQ(filter->layers(), 1u);
  AddRange(*filter, kSeed, 2700, 2800);
  EXPECT_EQ(filter->layers(), 2u);
  EXPECT_EQ(filter->size_bytes(), 4096u * 3);
  AddRange(*filter, kSeed, 2800, 2730 * 7 + 500);
  EXPECT_EQ(filter->layers(), 4u);
  EXPECT_EQ(filter->size_bytes(), 4096u * 15);
}

TEST(KeyFilter, StaysWithinItsSizeAndKeepsEveryKey) {
  KeyFilterOptions options;
  options.expected_keys = 0;
  options.size_bytes_max = 4096 * 7 - 1;
  ASSERT_OK_AND_ASSIGN(const auto filter, KeyFilter::Create(options));
  AddRange(*filter, kSeed, 0, 50'000);
  EXPECT_EQ(filter->layers(), 2u);
  EXPECT_EQ(filter->size_bytes(), 4096u * 3);
  EXPECT_EQ(CountContained(*filter, kSeed, 0, 50'000), 50'000u);
  EXPECT_GT(filter->ExpectedFalsePositiveRate(), 0.3);
}

TEST(KeyFilter, TheFirstLayerIsMadeWhateverItTakes) {
  KeyFilterOptions options;
  options.expected_keys = 0;
  options.size_bytes_max = 0;
  ASSERT_OK_AND_ASSIGN(const auto filter, KeyFilter::Create(options));
  AddRange(*filter, kSeed, 0, 10'000);
  EXPECT_EQ(filter->layers(), 1u);
  EXPECT_EQ(CountContained(*filter, kSeed, 0, 10'000), 10'000u);
}

TEST(KeyFilter, FillsTheLastOfTheMostLayersOn) {
  std::vector<std::unique_ptr<FilterLayer>> layers;
  for (size_t i = 0; i < KeyFilter::kLayersMax; ++i) {
    layers.push_back(*FilterLayer::Create(kLayerBlocksMin));
    layers.back()->SetKeys(kLayerBlocksMin * 256 / 12);
  }
  const auto filter = KeyFilter::FromLayers(KeyFilterOptions(), std::move(layers));
  AddRange(*filter, kSeed, 0, 5000);
  EXPECT_EQ(filter->layers(), KeyFilter::kLayersMax);
  EXPECT_EQ(CountContained(*filter, kSeed, 0, 5000), 5000u);
}

TEST(KeyFilter, HashesByKeyDbAndSeed) {
  KeyFilterOptions options;
  options.seed = 77;
  ASSERT_OK_AND_ASSIGN(const auto filter, KeyFilter::Create(options));
  options.seed = 78;
  ASSERT_OK_AND_ASSIGN(const auto other, KeyFilter::Create(options));
  std::set<uint64_t> hashes;
  for (const std::string& key : {std::string(), std::string("evm/a"), std::string(57, 'k'),
                                 std::string(300, 'k'), std::string("a\0", 2)}) {
    for (const DataDb db : kAllDataDbs) {
      // The documented form.
      EXPECT_EQ(filter->HashOf(db, key),
                XXH3_64bits_withSeed(key.data(), key.size(),
                                     77 + IndexOf(db) * uint64_t{0x9e3779b97f4a7c15}));
      hashes.insert(filter->HashOf(db, key));
      hashes.insert(other->HashOf(db, key));
    }
  }
  EXPECT_EQ(hashes.size(), 5 * kDataDbs * 2);
}

}  // namespace
}  // namespace flatkv
