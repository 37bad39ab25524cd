// Buckets come into use one by one: what that keeps, and what it forgets.
#include "tests/unit/cache/row_cache_test_util.h"

namespace flatkv::test {
namespace {

TEST(RowCacheGrowth, NearlyEveryRowStaysWhileTheCacheGrows) {
  TestCache cache(16 << 20, 64 << 10);
  uint64_t written = 0;
  // Five of fifteen lines in use: the last row that makes it grow.
  for (const uint64_t rows : {1'000u, 5'000u, 20'000u, 50'000u, 80'000u}) {
    for (; written < rows; ++written) {
      cache.Put(written, RowOf(written, 1));
    }
    const RowCacheStats stats = cache->Stats();
    EXPECT_EQ(stats.rows, cache.CountCached(0, rows));
    EXPECT_EQ(stats.rows + stats.evictions, rows);
    EXPECT_LE(stats.evictions * 100, rows) << "rows " << rows;
  }
}

TEST(RowCacheGrowth, EveryRowThatIsFoundIsTheNewestOne) {
  TestCache cache(1 << 20, kOneBucket);
  for (uint64_t write = 1; write <= 3; ++write) {
    for (uint64_t key = 0; key < 10'000; ++key) {
      cache.Put(key, RowOf(key, write, 20 + key % 200));
      const uint64_t other = key * 7919 % 10'000;
      const uint64_t newest = other <= key ? write : write - 1;
      if (const auto found = cache.Find(other); found.has_value()) {
        ASSERT_EQ(*found, RowOf(other, newest, 20 + other % 200));
      }
    }
  }
}

// Other reads are no change of a bucket, but they make the cache grow.
TEST(RowCacheGrowth, AReadFromBeforeASplitIsRefused) {
  TestCache cache(64 * 1024, kOneBucket);
  const RowTicket before = cache.Ticket(0);
  for (uint64_t key = 1; key <= 12; ++key) {
    cache.Read(key, RowOf(key, 1));
  }
  cache.PutRead(0, RowOf(0, 1), before);
  EXPECT_EQ(cache.Find(0), std::nullopt);
  EXPECT_EQ(cache->Stats().refused_stale, 1u);
  cache.PutRead(0, RowOf(0, 2), cache.Ticket(0));
  EXPECT_EQ(cache.Find(0), RowOf(0, 2));
}

TEST(RowCacheGrowth, ReadsMakeTheCacheGrowToo) {
  TestCache cache(4 << 20, kOneBucket);
  for (uint64_t key = 0; key < 20'000; ++key) {
    cache.Read(key, RowOf(key, 1));
  }
  EXPECT_GE(cache.CountCached(0, 20'000), 19'000u);
}

}  // namespace
}  // namespace flatkv::test
