// Random operations of one thread against a std::map: a row may be missing, but what is found is
// the newest.
#include <map>
#include <random>

#include "tests/unit/cache/row_cache_test_util.h"

namespace flatkv::test {
namespace {

class ModelRun {
 public:
  ModelRun(uint64_t seed, uint64_t budget_bytes, uint64_t first_bytes, size_t largest_row)
      : random_(seed), cache_(budget_bytes, first_bytes), largest_row_(largest_row) {}

  void Run() {
    for (int step = 0; step < 20'000; ++step) {
      SCOPED_TRACE(fmt::format("step {}", step));
      ASSERT_NO_FATAL_FAILURE(Step());
    }
    EXPECT_GT(hits_, 0u);
    EXPECT_EQ(cache_->Stats().hits, hits_);
  }

 private:
  static constexpr uint64_t kKeys = 200;

  void Step() {
    const uint64_t key = random_() % kKeys;
    const uint64_t choice = random_() % 1000;
    if (choice == 0) {
      cache_->Clear();
    } else if (choice < 100) {
      cache_.Remove(key);
      newest_.erase(key);
    } else if (choice < 350) {
      Put(key);
    } else if (choice < 400) {
      ReadThatIsOvertaken(key);
    } else {
      ASSERT_NO_FATAL_FAILURE(Find(key));
    }
  }

  std::string NewRow(uint64_t key) {
    // Most rows are short, as in a store; few of the others would leave no short ones.
    const size_t size = random_() % 4 == 0 ? random_() % (largest_row_ + 1) : 41;
    return RowOf(key, ++writes_, size);
  }

  void Put(uint64_t key) {
    newest_[key] = NewRow(key);
    cache_.Put(key, newest_[key]);
  }

  // A reader is slow: between its Find and its PutRead the key changes.
  void ReadThatIsOvertaken(uint64_t key) {
    const RowTicket ticket = Ticket(key);
    const std::string old = newest_.contains(key) ? newest_[key] : RowOf(key, 0);
    if (random_() % 3 == 0) {
      cache_.Remove(key);
      newest_.erase(key);
    } else {
      Put(key);
    }
    for (uint64_t others = random_() % 40; others > 0; --others) {
      Put(random_() % kKeys);
    }
    cache_.PutRead(key, old, ticket);
  }

  void Find(uint64_t key) {
    std::string row;
    RowTicket ticket;
    if (cache_->Find(cache_.Of(key), &row, &ticket)) {
      ++hits_;
      ASSERT_TRUE(newest_.contains(key));
      ASSERT_EQ(row, newest_[key]);
    } else if (newest_.contains(key)) {
      cache_.PutRead(key, newest_[key], ticket);
    }
  }

  RowTicket Ticket(uint64_t key) {
    std::string row;
    RowTicket ticket;
    if (cache_->Find(cache_.Of(key), &row, &ticket)) {
      ++hits_;
    }
    return ticket;
  }

  std::mt19937_64 random_;
  TestCache cache_;
  const size_t largest_row_;
  std::map<uint64_t, std::string> newest_;
  uint64_t writes_ = 0;
  uint64_t hits_ = 0;
};

TEST(RowCacheModel, WhatIsFoundIsTheNewestRow) {
  for (const uint64_t buckets : {1u, 2u, 5u, 16u, 100u}) {
    for (const size_t largest_row : {60u, 300u, 2000u}) {
      for (uint64_t seed = 1; seed <= 4; ++seed) {
        for (const uint64_t first_bytes : {uint64_t{kOneBucket}, RowCache::kFirstBytes}) {
          SCOPED_TRACE(fmt::format("seed {} buckets {} first {} rows to {}", seed, buckets,
                                   first_bytes, largest_row));
          ModelRun run(seed, buckets * 1024, first_bytes, largest_row);
          ASSERT_NO_FATAL_FAILURE(run.Run());
        }
      }
    }
  }
}

// With room for all, nothing is missing either.
TEST(RowCacheModel, WithRoomForAllEveryRowIsFound) {
  TestCache cache(4 << 20);
  std::mt19937_64 random(1);
  std::map<uint64_t, std::string> newest;
  for (uint64_t write = 0; write < 50'000; ++write) {
    const uint64_t key = random() % 1000;
    newest[key] = RowOf(key, write, random() % 120);
    cache.Put(key, newest[key]);
  }
  for (const auto& [key, row] : newest) {
    ASSERT_THAT(cache.Find(key), testing::Optional(testing::Eq(row)));
  }
  EXPECT_EQ(cache->Stats().rows, newest.size());
}

}  // namespace
}  // namespace flatkv::test
