#include "flatkv/cache/bucket_map.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/unit/cache/row_cache_test_util.h"

namespace flatkv::test {
namespace {

using internal::BucketMap;

std::vector<RowFingerprint> Fingerprints(uint64_t count) {
  const RowFingerprinter fingerprinter = RowFingerprinter::FromSeed(1);
  std::vector<RowFingerprint> fingerprints;
  for (uint64_t i = 0; i < count; ++i) {
    fingerprints.push_back(fingerprinter.Of(DataDb::kStorage, KeyOf(i)));
  }
  return fingerprints;
}

TEST(BucketMap, BeginsWithOneToTwoBasesAndLosesLessThanOneInABase) {
  for (const uint64_t base : {1u, 3u, 2048u}) {
    for (const uint64_t max : {0u, 1u, 2u, 5u, 2047u, 2048u, 4095u, 4096u, 9999u, 524'288u}) {
      SCOPED_TRACE(fmt::format("base {} max {}", base, max));
      const BucketMap map(max, base);
      EXPECT_GE(map.state().used, std::min(base, max));
      EXPECT_LT(map.state().used, 2 * base);
      EXPECT_LE(map.size(), max);
      EXPECT_GE(map.size() + max / base, max);
    }
  }
}

TEST(BucketMap, EveryBucketTakesFromItsParentAndNothingElseMoves) {
  const std::vector<RowFingerprint> fingerprints = Fingerprints(500);
  for (const uint64_t base : {1u, 5u, 64u}) {
    BucketMap map(5 * 64, base);
    uint64_t moved = 0;
    while (!map.full()) {
      const BucketMap::State before = map.state();
      const BucketMap::Step step = map.NextStep();
      ASSERT_EQ(step.bucket, before.used);
      for (const RowFingerprint& fingerprint : fingerprints) {
        const uint64_t from = map.IndexOf(fingerprint, before);
        const uint64_t to = map.IndexOf(fingerprint, step.after);
        ASSERT_LT(from, before.used);
        if (from != to) {
          ASSERT_EQ(from, step.parent);
          ASSERT_EQ(to, step.bucket);
          ++moved;
        }
      }
      map.Grow(step);
      ASSERT_EQ(map.state().used, before.used + 1);
    }
    EXPECT_EQ(map.state().used, map.size());
    EXPECT_GT(moved, 0u);
  }
}

TEST(BucketMap, IsEvenOnceItIsFull) {
  BucketMap map(3000, 10);
  while (!map.full()) {
    map.Grow(map.NextStep());
  }
  std::vector<uint64_t> counts(map.size());
  for (const RowFingerprint& fingerprint : Fingerprints(300'000)) {
    ++counts[map.IndexOf(fingerprint, map.state())];
  }
  // About 100 each, with a standard deviation of 10.
  EXPECT_GT(*std::min_element(counts.begin(), counts.end()), 50u);
  EXPECT_LT(*std::max_element(counts.begin(), counts.end()), 160u);
}

}  // namespace
}  // namespace flatkv::test
