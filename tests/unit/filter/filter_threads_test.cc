// What may run at the same time: several Adds, lookups and the writing of a file.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "flatkv/filter/filter_file.h"
#include "flatkv/filter/filter_layer.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/filter/filter_test_util.h"

namespace flatkv::test {
namespace {

constexpr size_t kAdders = 3;
constexpr uint64_t kKeysEach = 150'000;

// Adder `a` adds HashAt(a, 0), HashAt(a, 1) ... and publishes how many; what is published must be
// found.
struct Progress {
  std::array<std::atomic<uint64_t>, kAdders> added = {};

  bool Complete() const {
    for (const auto& count : added) {
      if (count.load(std::memory_order_relaxed) < kKeysEach) {
        return false;
      }
    }
    return true;
  }
};

void AddAll(KeyFilter& filter, size_t adder, Progress& progress) {
  for (uint64_t i = 0; i < kKeysEach; ++i) {
    filter.Add(HashAt(adder, i));
    progress.added[adder].store(i + 1, std::memory_order_release);
  }
}

void LookUp(const KeyFilter& filter, const Progress& progress) {
  uint64_t step = 0;
  bool complete = false;
  while (!complete) {
    complete = progress.Complete();
    for (size_t adder = 0; adder < kAdders; ++adder) {
      const uint64_t added = progress.added[adder].load(std::memory_order_acquire);
      for (uint64_t i = 0; i < 50 && i < added; ++i) {
        // The newest, which may just be in the making, and others.
        const uint64_t which = i < 10 ? added - 1 - i : HashAt(99, ++step) % added;
        ASSERT_TRUE(filter.MayContain(HashAt(adder, which)));
      }
    }
    ASSERT_LE(filter.keys(), filter.size_bytes() * 8);
    ASSERT_LE(filter.ExpectedFalsePositiveRate(), 1);
  }
}

// Each file must have what was added before it was begun.
void WriteFiles(const KeyFilter& filter, const Progress& progress) {
  MemFileSystem disk;
  bool complete = false;
  while (!complete) {
    complete = progress.Complete();
    std::array<uint64_t, kAdders> before;
    for (size_t adder = 0; adder < kAdders; ++adder) {
      before[adder] = progress.added[adder].load(std::memory_order_acquire);
    }
    ASSERT_OK(WriteFilterFile(disk, "/f", filter, {kStoreId, 1}));
    ASSERT_OK_AND_ASSIGN(const LoadedFilter loaded, ReadFilterFile(disk, "/f"));
    for (size_t adder = 0; adder < kAdders; ++adder) {
      ASSERT_EQ(CountContained(*loaded.filter, adder, 0, before[adder]), before[adder]);
    }
    ASSERT_LE(loaded.filter->keys(), loaded.filter->size_bytes() * 8);
  }
}

TEST(FilterThreads, LookupsAndFilesBesideAddsMissNoKey) {
  const auto filter = NewFilter(0);
  Progress progress;
  std::vector<std::thread> threads;
  for (size_t adder = 0; adder < kAdders; ++adder) {
    threads.emplace_back([&, adder] { AddAll(*filter, adder, progress); });
  }
  threads.emplace_back([&] { LookUp(*filter, progress); });
  threads.emplace_back([&] { LookUp(*filter, progress); });
  threads.emplace_back([&] { WriteFiles(*filter, progress); });
  for (std::thread& thread : threads) {
    thread.join();
  }
  // 450,000 keys in layers for 2,730 times 1 + 2 + 4 ... + 128. Adders that meet a full layer
  // together make one new layer.
  EXPECT_EQ(filter->layers(), 8u);
  EXPECT_LE(filter->keys(), kAdders * kKeysEach);
  EXPECT_GE(filter->keys(), kAdders * kKeysEach * 19 / 20);
}

TEST(FilterThreads, AddsThatMeetAFullLayerTogetherMakeOneNewLayer) {
  for (uint64_t round = 0; round < 300; ++round) {
    std::vector<std::unique_ptr<filter_internal::FilterLayer>> layers;
    layers.push_back(*filter_internal::FilterLayer::Create(filter_internal::kLayerBlocksMin));
    while (!layers[0]->IsFull()) {
      layers[0]->SetKeys(layers[0]->keys() + 1);
    }
    const auto filter = KeyFilter::FromLayers(KeyFilterOptions(), std::move(layers));
    std::atomic<size_t> waiting = kAdders;
    std::vector<std::thread> threads;
    for (size_t adder = 0; adder < kAdders; ++adder) {
      threads.emplace_back([&, adder] {
        waiting.fetch_sub(1);
        while (waiting.load() > 0) {
          std::this_thread::yield();
        }
        filter->Add(HashAt(adder, round));
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    ASSERT_EQ(filter->layers(), 2u) << "round " << round;
    ASSERT_EQ(filter->layer(1).keys(), kAdders);
  }
}

TEST(FilterThreads, TheSameKeysFromSeveralThreadsAreTheSameFilter) {
  constexpr uint64_t kKeys = 20'000;
  const auto alone = NewFilter(2 * kKeys);
  AddRange(*alone, 5, 0, kKeys);
  const auto shared = NewFilter(2 * kKeys);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kAdders; ++i) {
    threads.emplace_back([&] { AddRange(*shared, 5, 0, kKeys); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_TRUE(BytesOf(*shared) == BytesOf(*alone));
}

}  // namespace
}  // namespace flatkv::test
