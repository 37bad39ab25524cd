// Which rows stay when there is room for a part of them.
#include "tests/unit/cache/row_cache_test_util.h"

namespace flatkv::test {
namespace {

using testing::Eq;
using testing::Optional;

TEST(RowCacheEviction, FifteenStorageRowsFillABucketAndTheSixteenthDisplacesOne) {
  TestCache cache(kOneBucket);
  for (uint64_t key = 0; key < 15; ++key) {
    cache.Put(key, RowOf(key, 1));
  }
  EXPECT_EQ(cache->Stats().rows, 15u);
  EXPECT_EQ(cache->Stats().evictions, 0u);
  cache.Put(15, RowOf(15, 1));
  EXPECT_EQ(cache->Stats().rows, 15u);
  EXPECT_EQ(cache->Stats().evictions, 1u);
  EXPECT_THAT(cache.Find(15), Optional(Eq(RowOf(15, 1))));
}

TEST(RowCacheEviction, APutRowIsAlwaysThereAtOnce) {
  TestCache cache(8 * kOneBucket);
  for (uint64_t key = 0; key < 5000; ++key) {
    const std::string row = RowOf(key, 1, key * 37 % 943);
    cache.Put(key, row);
    ASSERT_THAT(cache.Find(key), Optional(Eq(row)));
  }
}

TEST(RowCacheEviction, BytesOfRowsStayWithinTheBudget) {
  constexpr uint64_t kBudget = 64 << 10;
  TestCache cache(kBudget);
  for (uint64_t key = 0; key < 20'000; ++key) {
    cache.Put(key % 7000, RowOf(key, 1, key * 7919 % 2001));
    cache.Read(key * 31 % 9000, RowOf(key, 1, key * 104729 % 300));
    ASSERT_LE(cache->Stats().bytes, kBudget / 16 * 15);
  }
  EXPECT_GT(cache->Stats().evictions, 0u);
  EXPECT_GT(cache->Stats().bytes, kBudget / 2);
}

TEST(RowCacheEviction, WithoutHitsTheOldestPutGoesFirst) {
  TestCache cache(kOneBucket);
  for (uint64_t key = 0; key < 30; ++key) {
    cache.Put(key, RowOf(key, 1));
  }
  for (uint64_t key = 0; key < 30; ++key) {
    EXPECT_EQ(cache.Find(key).has_value(), key >= 15) << key;
  }
}

TEST(RowCacheEviction, RowsFromReadsGoBeforeRowsThatWerePut) {
  TestCache cache(kOneBucket);
  for (uint64_t key = 0; key < 7; ++key) {
    cache.Put(key, RowOf(key, 1));
  }
  for (uint64_t key = 100; key < 108; ++key) {
    cache.PutRead(key, RowOf(key, 1), cache.Ticket(key));
  }
  EXPECT_EQ(cache->Stats().rows, 15u);
  for (uint64_t key = 7; key < 15; ++key) {
    cache.Put(key, RowOf(key, 1));
  }
  for (uint64_t key = 0; key < 15; ++key) {
    EXPECT_TRUE(cache.Find(key).has_value()) << key;
  }
}

TEST(RowCacheEviction, ARowThatWasReadTwiceOutlivesThoseReadOnce) {
  TestCache cache(kOneBucket);
  cache.Read(1, RowOf(1, 1));
  cache.Read(1, RowOf(1, 1));
  for (uint64_t key = 100; key < 1000; ++key) {
    cache.Read(key, RowOf(key, 1));
  }
  EXPECT_TRUE(cache.Find(1).has_value());
}

TEST(RowCacheEviction, HotRowsSurviveAScanOfTenTimesTheBudget) {
  constexpr uint64_t kBudget = 256 << 10;
  constexpr uint64_t kCapacity = kBudget / 1024 * 15;
  constexpr uint64_t kHot = kCapacity / 2;
  TestCache cache(kBudget);
  for (int round = 0; round < 4; ++round) {
    for (uint64_t key = 0; key < kHot; ++key) {
      cache.Read(key, RowOf(key, 1));
    }
  }
  const uint64_t before = cache.CountCached(0, kHot);
  for (uint64_t key = kHot; key < kHot + 10 * kCapacity; ++key) {
    cache.Read(key, RowOf(key, 1, key % 3 == 0 ? 90 : 41));
  }
  const uint64_t after = cache.CountCached(0, kHot);
  EXPECT_GE(before, kHot * 95 / 100);
  EXPECT_GE(after, before * 99 / 100);
}

TEST(RowCacheEviction, AScanTakesAFifthOfFreshlyPutRowsAtMost) {
  TestCache cache(kOneBucket);
  for (uint64_t key = 0; key < 15; ++key) {
    cache.Put(key, RowOf(key, 1));
  }
  for (uint64_t key = 100; key < 2000; ++key) {
    cache.Read(key, RowOf(key, 1));
  }
  EXPECT_EQ(cache.CountCached(0, 15), 12u);
  EXPECT_GT(cache->Stats().refused_hot, 0u);
}

// What was hot once and is not asked for again must not stay for ever.
TEST(RowCacheEviction, HotRowsThatNobodyAsksForAgainGoInTheEnd) {
  TestCache cache(kOneBucket);
  for (int round = 0; round < 20; ++round) {
    for (uint64_t key = 0; key < 15; ++key) {
      cache.Read(key, RowOf(key, 1));
    }
  }
  for (uint64_t key = 100; key < 400; ++key) {
    cache.Put(key, RowOf(key, 1));
  }
  for (uint64_t key = 0; key < 15; ++key) {
    EXPECT_FALSE(cache.Find(key).has_value()) << key;
  }
}

// All 15 lines hot, then only reads: the bucket ages until reads get in.
TEST(RowCacheEviction, ReadsGetIntoABucketThatWasHotOnce) {
  TestCache cache(kOneBucket);
  for (int round = 0; round < 20; ++round) {
    for (uint64_t key = 0; key < 15; ++key) {
      cache.Read(key, RowOf(key, 1));
    }
  }
  uint64_t key = 100;
  for (; !cache.Find(key - 1).has_value(); ++key) {
    ASSERT_LT(key, 1000u);
    cache.Read(key, RowOf(key, 1));
  }
  EXPECT_GT(key, 110u);
}

}  // namespace
}  // namespace flatkv::test
