// What the cache costs: memory in all, and memory a row.
#include <unistd.h>

#include <fstream>
#include <iostream>

#include "tests/unit/cache/row_cache_test_util.h"

namespace flatkv::test {
namespace {

uint64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t total_pages = 0;
  uint64_t resident_pages = 0;
  statm >> total_pages >> resident_pages;
  EXPECT_TRUE(statm.good());
  return resident_pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

bool UnderASanitizer() {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  return true;
#else
  return false;
#endif
}

constexpr uint64_t kBudget = 32 << 20;

TEST(RowCacheMemory, GrowsWithTheRowsUpToTheBudget) {
  if (UnderASanitizer()) {
    GTEST_SKIP() << "a sanitizer's own memory grows with ours";
  }
  const uint64_t before = ResidentBytes();
  TestCache cache(kBudget);
  // Two huge pages for what else the process touches.
  constexpr uint64_t kSlack = 4 << 20;
  EXPECT_LE(ResidentBytes(), before + kSlack);
  for (uint64_t key = 0; key < 1'000'000; ++key) {
    cache.Put(key, RowOf(key, 1));
  }
  const uint64_t used = ResidentBytes() - before;
  EXPECT_LE(used, kBudget + kSlack);
  EXPECT_GE(used, kBudget - kSlack);
}

TEST(RowCacheMemory, FewRowsTakeLittleOfALargeBudget) {
  if (UnderASanitizer()) {
    GTEST_SKIP() << "a sanitizer's own memory grows with ours";
  }
  TestCache cache(uint64_t{1} << 30);
  const uint64_t before = ResidentBytes();
  for (uint64_t key = 0; key < 20'000; ++key) {
    cache.Put(key, RowOf(key, 1));
  }
  EXPECT_LE(ResidentBytes(), before + (10 << 20));
  // What is cleared and comes again takes no more.
  for (int round = 0; round < 20; ++round) {
    cache->Clear();
    for (uint64_t key = 0; key < 20'000; ++key) {
      cache.Put(key, RowOf(key, 1));
    }
  }
  EXPECT_LE(ResidentBytes(), before + (10 << 20));
}

TEST(RowCacheMemory, ClearTouchesNoMemoryThatWasUnused) {
  if (UnderASanitizer()) {
    GTEST_SKIP() << "a sanitizer's own memory grows with ours";
  }
  TestCache cache(kBudget);
  const uint64_t before = ResidentBytes();
  cache->Clear();
  EXPECT_LE(ResidentBytes(), before + (4 << 20));
}

TEST(RowCacheMemory, AStorageRowCostsAtMost72Bytes) {
  constexpr uint64_t kSmallBudget = 8 << 20;
  TestCache cache(kSmallBudget);
  for (uint64_t key = 0; key < 600'000; ++key) {
    cache.Put(key, RowOf(key, 1));
  }
  const uint64_t rows = cache->Stats().rows;
  std::cout << "capacity for rows of 41 bytes: " << rows << " in " << kSmallBudget << " bytes, "
            << static_cast<double>(kSmallBudget) / static_cast<double>(rows) << " bytes a row\n";
  EXPECT_GE(rows * 72, kSmallBudget);
}

}  // namespace
}  // namespace flatkv::test
