// Readers, writers and fills at once. Rows carry their key and their write, and every byte follows
// from these two, so that a torn, mixed or stale row shows.
#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "tests/unit/cache/row_cache_test_util.h"

namespace flatkv::test {
namespace {

constexpr uint64_t kKeys = 64;
constexpr uint64_t kWriters = 2;
constexpr uint64_t kNone = UINT64_MAX;

// The size follows from the write too; rows of one line and of many.
std::string VersionedRow(uint64_t key, uint64_t write) {
  const uint64_t size = write % 5 == 0 ? (key * 31 + write * 17) % 943 : 41;
  return RowOf(key, write, std::max<uint64_t>(size, 24));
}

uint64_t WriteOf(const std::string& row) { return std::stoull(row.substr(row.find('/') + 1)); }

// What stands for the data DB: the newest write of a key, or kNone when the row is gone.
struct KeyState {
  std::atomic<uint64_t> in_db = kNone;
  // Find must return nothing older than this write: the Put, or the Remove, of it has returned.
  std::atomic<uint64_t> completed = 0;
};

class Stress {
 public:
  explicit Stress(uint64_t budget_bytes, uint64_t first_bytes = RowCache::kFirstBytes)
      : cache_(budget_bytes, first_bytes), keys_(kKeys) {}

  void Run(int writes_each) {
    std::vector<std::thread> writers;
    for (uint64_t writer = 0; writer < kWriters; ++writer) {
      writers.emplace_back([this, writer, writes_each] { Write(writer, writes_each); });
    }
    std::vector<std::thread> readers;
    for (uint64_t reader = 0; reader < 3; ++reader) {
      readers.emplace_back([this, reader] { Read(reader); });
    }
    for (std::thread& writer : writers) {
      writer.join();
    }
    done_ = true;
    for (std::thread& reader : readers) {
      reader.join();
    }
    CheckStats();
  }

 private:
  // One thread writes a key, as in the store; first the DB, then the cache.
  void Write(uint64_t writer, int writes) {
    std::mt19937_64 random(writer);
    for (int i = 0; i < writes; ++i) {
      if (random() % 4096 == 0) {
        cache_->Clear();
      }
      const uint64_t key = random() % (kKeys / kWriters) * kWriters + writer;
      const uint64_t write = keys_[key].completed.load(std::memory_order_relaxed) + 1;
      if (random() % 8 == 0) {
        keys_[key].in_db.store(kNone);
        cache_.Remove(key);
      } else {
        keys_[key].in_db.store(write);
        cache_.Put(key, VersionedRow(key, write));
      }
      keys_[key].completed.store(write);
    }
  }

  void Read(uint64_t reader) {
    std::mt19937_64 random(1000 + reader);
    std::string row;
    while (!done_) {
      const uint64_t key = random() % kKeys;
      const RowFingerprint fingerprint = cache_.Of(key);
      const uint64_t at_least = keys_[key].completed.load();
      RowTicket ticket;
      cache_->PrefetchRow(fingerprint);
      if (cache_->Find(fingerprint, &row, &ticket)) {
        const uint64_t write = WriteOf(row);
        ASSERT_EQ(row, VersionedRow(key, write));
        ASSERT_GE(write, at_least);
        ASSERT_LE(write, keys_[key].completed.load() + 1);
      } else if (const uint64_t in_db = keys_[key].in_db.load(); in_db != kNone) {
        cache_->PutRead(fingerprint, VersionedRow(key, in_db), ticket);
      }
    }
  }

  void CheckStats() {
    EXPECT_EQ(cache_->Stats().rows, cache_.CountCached(0, kKeys));
    EXPECT_LE(cache_->Stats().bytes, cache_->Stats().capacity_bytes);
  }

  TestCache cache_;
  std::vector<KeyState> keys_;
  std::atomic<bool> done_ = false;
};

// One bucket: everybody meets everybody. Eight: rows come and go. Many: rows stay.
TEST(RowCacheThreads, WhatIsFoundIsWholeAndNotOlderThanTheLastCompletedPut) {
  for (const uint64_t buckets : {1u, 8u, 256u}) {
    SCOPED_TRACE(fmt::format("{} buckets", buckets));
    Stress stress(buckets * 1024);
    stress.Run(60'000);
  }
}

// From one bucket to all of them, again and again.
TEST(RowCacheThreads, WhatIsFoundWhileTheCacheGrowsIsWholeAndNotOlderThanTheLastCompletedPut) {
  for (int run = 0; run < 300; ++run) {
    SCOPED_TRACE(fmt::format("run {}", run));
    Stress stress(32 * 1024, kOneBucket);
    stress.Run(400);
  }
}

TEST(RowCacheThreads, WritersOfOneBucketLoseNoRow) {
  constexpr uint64_t kThreads = 5;
  constexpr uint64_t kEach = 3;
  TestCache cache(kOneBucket);
  std::vector<std::thread> threads;
  for (uint64_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&cache, thread] {
      for (uint64_t write = 0; write < 3000; ++write) {
        for (uint64_t key = thread * kEach; key < (thread + 1) * kEach; ++key) {
          cache.Put(key, RowOf(key, write));
        }
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (uint64_t key = 0; key < kThreads * kEach; ++key) {
    EXPECT_THAT(cache.Find(key), testing::Optional(testing::Eq(RowOf(key, 2999))));
  }
}

}  // namespace
}  // namespace flatkv::test
