#include "bench/percentiles.h"

#include <gtest/gtest.h>

#include <random>

namespace flatkv::bench {
namespace {

TEST(Percentiles, AreZeroWithoutSamples) {
  Percentiles samples;
  EXPECT_EQ(samples.At(0.5), 0);
  EXPECT_EQ(samples.Max(), 0);
  EXPECT_EQ(samples.Mean(), 0);
}

TEST(Percentiles, AreTheSmallestSampleThatTheShareDoesNotExceed) {
  Percentiles samples;
  for (int i = 100; i >= 1; --i) {
    samples.Add(i);
  }
  EXPECT_EQ(samples.At(0), 1);
  EXPECT_EQ(samples.At(0.01), 1);
  EXPECT_EQ(samples.At(0.5), 50);
  EXPECT_EQ(samples.At(0.501), 51);
  EXPECT_EQ(samples.At(0.99), 99);
  EXPECT_EQ(samples.At(0.991), 100);
  EXPECT_EQ(samples.At(1), 100);
  EXPECT_EQ(samples.Mean(), 50.5);
}

TEST(Percentiles, TheMedianOfTwoIsTheLowerAndOfThreeTheMiddle) {
  Percentiles samples;
  samples.Add(2);
  samples.Add(1);
  EXPECT_EQ(samples.At(0.5), 1);
  samples.Add(0);  // after the samples were sorted
  EXPECT_EQ(samples.At(0.5), 1);
  EXPECT_EQ(samples.At(0), 0);
  EXPECT_EQ(samples.Max(), 2);
}

TEST(Percentiles, ShareOfSamplesAtOrBelowIsNeverLessThanAsked) {
  std::mt19937_64 random(7);
  for (int count = 1; count <= 300; ++count) {
    std::vector<double> all;
    Percentiles samples;
    for (int i = 0; i < count; ++i) {
      all.push_back(static_cast<double>(random() % 1000));
      samples.Add(all.back());
    }
    for (const double share : {0.5, 0.9, 0.99, 0.999}) {
      const double value = samples.At(share);
      const auto at_or_below =
          std::count_if(all.begin(), all.end(), [&](double s) { return s <= value; });
      const auto below = std::count_if(all.begin(), all.end(), [&](double s) { return s < value; });
      EXPECT_GE(static_cast<double>(at_or_below) + 1e-6, share * count);
      EXPECT_LT(static_cast<double>(below), share * count);
    }
  }
}

}  // namespace
}  // namespace flatkv::bench
