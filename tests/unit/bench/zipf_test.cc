#include "bench/zipf.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "bench/random.h"

namespace flatkv::bench {
namespace {

constexpr double kExponent = 0.99;

// What Zipf's law gives ranks 0 .. `ranks` - 1 of `count` together.
double LawShare(uint64_t ranks, uint64_t count) {
  double part = 0;
  double whole = 0;
  for (uint64_t k = 1; k <= count; ++k) {
    const double weight = 1 / std::pow(static_cast<double>(k), kExponent);
    whole += weight;
    part += k <= ranks ? weight : 0;
  }
  return part / whole;
}

TEST(Zipf, GivesEveryHeadOfTheRanksItsShare) {
  constexpr uint64_t kCount = 10'000;
  constexpr uint64_t kSamples = 400'000;
  const Zipf zipf(kCount, kExponent);
  std::vector<uint64_t> drawn(kCount);
  Random random(1);
  for (uint64_t i = 0; i < kSamples; ++i) {
    ++drawn[zipf.Rank(random.Unit())];
  }
  uint64_t head = 0;
  uint64_t next = 1;
  for (uint64_t rank = 0; rank < kCount; ++rank) {
    head += drawn[rank];
    if (rank + 1 == next) {
      const double share = static_cast<double>(head) / static_cast<double>(kSamples);
      // Two ranks are exact but for chance; the formula for the others is off by a few percent.
      EXPECT_NEAR(share, LawShare(next, kCount), rank < 2 ? 0.004 : 0.03) << "the first " << next;
      next = next < 2 ? 2 : next * 10 / (next == 2 ? 2 : 1);
    }
  }
  EXPECT_EQ(next, 100'000u);  // all heads were compared: 1, 2, 10 ... 10,000
}

TEST(Zipf, RanksGrowWithTheDrawAndStayBelowTheCount) {
  for (const uint64_t count : {1u, 2u, 3u, 1000u}) {
    const Zipf zipf(count, kExponent);
    uint64_t last = 0;
    for (int i = 0; i < 1000; ++i) {
      const uint64_t rank = zipf.Rank(i / 1000.0);
      EXPECT_GE(rank, last);
      EXPECT_LT(rank, count);
      last = rank;
    }
    EXPECT_EQ(zipf.Rank(0), 0u);
    EXPECT_EQ(zipf.Rank(std::nextafter(1.0, 0.0)), count - 1);
  }
}

}  // namespace
}  // namespace flatkv::bench
