#include "flatkv/cache/row_cache.h"

#include "tests/unit/cache/row_cache_test_util.h"

namespace flatkv::test {
namespace {

using testing::Eq;
using testing::Optional;

TEST(RowCache, FindsWhatWasPut) {
  TestCache cache(1 << 20);
  EXPECT_EQ(cache.Find(1), std::nullopt);
  cache.Put(1, "one");
  cache.Put(2, "");
  EXPECT_THAT(cache.Find(1), Optional(Eq("one")));
  EXPECT_THAT(cache.Find(2), Optional(Eq("")));
  EXPECT_EQ(cache.Find(3), std::nullopt);
}

TEST(RowCache, AMissLeavesTheRowAlone) {
  TestCache cache(1 << 20);
  std::string row = "before";
  RowTicket ticket;
  EXPECT_FALSE(cache->Find(cache.Of(1), &row, &ticket));
  EXPECT_EQ(row, "before");
}

TEST(RowCache, TheSameKeyInAnotherDataDbIsAnotherRow) {
  TestCache cache(1 << 20);
  const RowFingerprinter fingerprinter = RowFingerprinter::FromSeed(1);
  cache->Put(fingerprinter.Of(DataDb::kAccount, "key"), "account");
  std::string row;
  RowTicket ticket;
  EXPECT_FALSE(cache->Find(fingerprinter.Of(DataDb::kCode, "key"), &row, &ticket));
  EXPECT_TRUE(cache->Find(fingerprinter.Of(DataDb::kAccount, "key"), &row, &ticket));
}

// Growing, shrinking and staying rows, from every size to the next ones.
TEST(RowCache, ReplacesRowsOfEverySize) {
  TestCache cache(kOneBucket);
  for (size_t size = 0; size <= 2000; ++size) {
    for (const size_t next : {size, size + 1, 2000 - size, size / 2}) {
      cache.Put(1, RowOf(1, 1, size));
      cache.Put(1, RowOf(1, 2, next));
      if (next <= 942) {
        ASSERT_THAT(cache.Find(1), Optional(Eq(RowOf(1, 2, next)))) << size << " to " << next;
      } else {
        ASSERT_EQ(cache.Find(1), std::nullopt) << size << " to " << next;
      }
    }
  }
}

TEST(RowCache, ARowThatIsTooLargeRemovesTheOneBefore) {
  TestCache cache(1 << 20);
  cache.Put(1, "old");
  cache.Put(1, std::string(943, 'x'));
  EXPECT_EQ(cache.Find(1), std::nullopt);
  const RowTicket ticket = cache.Ticket(2);
  cache.PutRead(2, std::string(943, 'x'), ticket);
  EXPECT_EQ(cache.Find(2), std::nullopt);
  EXPECT_EQ(cache->Stats().refused_large, 2u);
  EXPECT_EQ(cache->Stats().rows, 0u);
}

TEST(RowCache, FindsNothingAfterRemove) {
  TestCache cache(1 << 20);
  cache.Put(1, "one");
  cache.Put(2, "two");
  cache.Remove(1);
  cache.Remove(3);
  EXPECT_EQ(cache.Find(1), std::nullopt);
  EXPECT_THAT(cache.Find(2), Optional(Eq("two")));
}

TEST(RowCache, FindsNothingAfterClear) {
  TestCache cache(64 << 10);
  for (uint64_t key = 0; key < 500; ++key) {
    cache.Put(key, RowOf(key, 1, key));
  }
  cache->Clear();
  for (uint64_t key = 0; key < 500; ++key) {
    EXPECT_EQ(cache.Find(key), std::nullopt);
  }
  EXPECT_EQ(cache->Stats().rows, 0u);
  EXPECT_EQ(cache->Stats().bytes, 0u);
  cache.Put(1, "one");
  EXPECT_THAT(cache.Find(1), Optional(Eq("one")));
}

TEST(RowCache, PrefetchingChangesNothing) {
  TestCache cache(kOneBucket);
  cache.Put(1, RowOf(1, 1, 90));
  for (uint64_t key = 0; key < 100; ++key) {
    cache->Prefetch(cache.Of(key));
    cache->PrefetchRow(cache.Of(key));
  }
  EXPECT_THAT(cache.Find(1), Optional(Eq(RowOf(1, 1, 90))));
}

TEST(RowCacheTicket, AReadWithoutAChangeIsKept) {
  TestCache cache(kOneBucket);
  const RowTicket ticket = cache.Ticket(1);
  cache.PutRead(1, "one", ticket);
  EXPECT_THAT(cache.Find(1), Optional(Eq("one")));
}

TEST(RowCacheTicket, OtherReadsOfTheBucketAreNoChange) {
  TestCache cache(kOneBucket);
  const RowTicket first = cache.Ticket(1);
  const RowTicket second = cache.Ticket(2);
  cache.PutRead(1, "one", first);
  cache.PutRead(2, "two", second);
  EXPECT_THAT(cache.Find(1), Optional(Eq("one")));
  EXPECT_THAT(cache.Find(2), Optional(Eq("two")));
}

TEST(RowCacheTicket, AReadFromBeforeAPutIsRefused) {
  TestCache cache(kOneBucket);
  const RowTicket ticket = cache.Ticket(1);
  cache.Put(1, "new");
  cache.PutRead(1, "old", ticket);
  EXPECT_THAT(cache.Find(1), Optional(Eq("new")));
  EXPECT_EQ(cache->Stats().refused_stale, 1u);
}

TEST(RowCacheTicket, AReadFromBeforeARemoveIsRefused) {
  TestCache cache(kOneBucket);
  const RowTicket nothing_there = cache.Ticket(1);
  cache.Remove(1);
  cache.PutRead(1, "old", nothing_there);
  EXPECT_EQ(cache.Find(1), std::nullopt);
  cache.Put(1, "new");
  const RowTicket there = cache.Ticket(1);
  cache.Remove(1);
  cache.PutRead(1, "old", there);
  EXPECT_EQ(cache.Find(1), std::nullopt);
}

TEST(RowCacheTicket, AReadFromBeforeAPutIsRefusedThoughThatRowIsEvicted) {
  TestCache cache(kOneBucket);
  const RowTicket ticket = cache.Ticket(1);
  cache.Put(1, "new");
  for (uint64_t key = 2; key < 40; ++key) {
    cache.Put(key, RowOf(key, 1));
  }
  ASSERT_EQ(cache.Find(1), std::nullopt);
  cache.PutRead(1, "old", ticket);
  EXPECT_EQ(cache.Find(1), std::nullopt);
}

// That reads displace a row is no change of the bucket; that it was put before is one.
TEST(RowCacheTicket, AReadFromBeforeAPutIsRefusedThoughReadsDisplaceThatRow) {
  TestCache cache(kOneBucket);
  const RowTicket ticket = cache.Ticket(1);
  // Key 1 is the second oldest of a full bucket; one more takes the oldest's place, the rest ages.
  cache.Put(50, RowOf(50, 1));
  cache.Put(1, "new");
  for (uint64_t key = 51; key < 65; ++key) {
    cache.Put(key, RowOf(key, 1));
  }
  for (uint64_t key = 100; key < 200; ++key) {
    cache.PutRead(key, RowOf(key, 1), cache.Ticket(key));
  }
  ASSERT_EQ(cache.Find(1), std::nullopt);
  cache.PutRead(1, "old", ticket);
  EXPECT_EQ(cache.Find(1), std::nullopt);
}

TEST(RowCacheTicket, AReadFromBeforeAClearIsRefusedInBucketsUsedAndUnused) {
  TestCache cache(1 << 20);
  cache.Put(1, "one");
  const RowTicket used = cache.Ticket(1);
  const RowTicket unused = cache.Ticket(2);
  cache->Clear();
  cache.PutRead(1, "old", used);
  cache.PutRead(2, "old", unused);
  EXPECT_EQ(cache.Find(1), std::nullopt);
  EXPECT_EQ(cache.Find(2), std::nullopt);
  cache.PutRead(2, "new", cache.Ticket(2));
  EXPECT_THAT(cache.Find(2), Optional(Eq("new")));
}

TEST(RowCacheTicket, ATicketFromNowhereIsRefused) {
  TestCache cache(kOneBucket);
  cache.PutRead(1, "one", RowTicket());
  EXPECT_EQ(cache.Find(1), std::nullopt);
}

TEST(RowCacheTicket, AReadKeepsARowThatIsThere) {
  TestCache cache(kOneBucket);
  cache.Put(1, "there");
  cache.PutRead(1, "read", cache.Ticket(1));
  EXPECT_THAT(cache.Find(1), Optional(Eq("there")));
}

TEST(RowCacheBudget, BelowOneBucketHoldsNothingAndAnswersAllCalls) {
  for (const uint64_t budget_bytes : {0u, 1u, 1023u}) {
    TestCache cache(budget_bytes);
    cache.Put(1, "one");
    cache.PutRead(2, "two", cache.Ticket(2));
    cache.Put(3, std::string(5000, 'x'));
    cache.Remove(1);
    cache->Prefetch(cache.Of(1));
    cache->PrefetchRow(cache.Of(1));
    cache->Clear();
    EXPECT_EQ(cache.Find(1), std::nullopt);
    EXPECT_EQ(cache.Find(2), std::nullopt);
    EXPECT_EQ(cache->Stats().rows, 0u);
    EXPECT_EQ(cache->Stats().capacity_bytes, 0u);
    EXPECT_EQ(cache->Stats().misses, 3u);
  }
}

TEST(RowCacheBudget, RoundsDownToWholeBuckets) {
  EXPECT_EQ(TestCache(1024)->Stats().capacity_bytes, 1024u);
  EXPECT_EQ(TestCache(5000)->Stats().capacity_bytes, 4096u);
}

TEST(RowCacheBudget, MoreThanThereIsIsResourceExhausted) {
  EXPECT_THAT(RowCache::Create(UINT64_MAX), StatusIs(StatusCode::kResourceExhausted));
}

TEST(RowCacheStats, CountHitsMissesRowsAndBytes) {
  TestCache cache(kOneBucket);
  cache.Put(1, RowOf(1, 1, 46));
  cache.Put(2, RowOf(2, 1, 47));
  cache.Find(1);
  cache.Find(1);
  cache.Find(3);
  const RowCacheStats stats = cache->Stats();
  EXPECT_EQ(stats.hits, 2u);
  EXPECT_EQ(stats.misses, 1u);
  EXPECT_EQ(stats.rows, 2u);
  EXPECT_EQ(stats.bytes, 3u * 64);
  EXPECT_EQ(stats.evictions, 0u);
  cache.Remove(2);
  EXPECT_EQ(cache->Stats().rows, 1u);
  EXPECT_EQ(cache->Stats().bytes, 64u);
}

}  // namespace
}  // namespace flatkv::test
