#include "bench/row_chooser.h"

#include <gtest/gtest.h>

#include <vector>

namespace flatkv::bench {
namespace {

constexpr uint64_t kRows = 1'000;
constexpr uint64_t kDraws = 200'000;

std::vector<uint64_t> Draw(const RowChoice& choice, uint64_t existing, uint64_t seed) {
  const RowChooser chooser(choice, kRows);
  Random random(seed);
  std::vector<uint64_t> drawn(existing);
  for (uint64_t i = 0; i < kDraws; ++i) {
    ++drawn.at(chooser.Choose(existing, &random));
  }
  return drawn;
}

TEST(RowChooser, UniformChoosesAllExistingRowsAlike) {
  const std::vector<uint64_t> drawn = Draw({}, 2 * kRows, 1);
  for (const uint64_t count : drawn) {
    EXPECT_NEAR(static_cast<double>(count), 100, 60);
  }
}

TEST(RowChooser, HotRowsGetTheirShareAndTheRestOfTheirOwn) {
  const RowChoice choice = {.hot_share = 0.8, .hot_rows = 10};
  const std::vector<uint64_t> drawn = Draw(choice, kRows, 2);
  uint64_t hot = 0;
  for (uint64_t row = 0; row < choice.hot_rows; ++row) {
    EXPECT_NEAR(static_cast<double>(drawn[row]), kDraws * 0.0802, 600) << row;
    hot += drawn[row];
  }
  // A hundredth of the uniform choices are hot rows too.
  EXPECT_NEAR(static_cast<double>(hot) / kDraws, 0.8 + 0.2 * 0.01, 0.005);
}

TEST(RowChooser, ZipfChoosesAmongThePreloadedRowsOnly) {
  const std::vector<uint64_t> drawn = Draw({.distribution = Distribution::kZipf}, 2 * kRows, 3);
  EXPECT_GT(drawn[0], drawn[10]);
  EXPECT_GT(drawn[10], drawn[500]);
  for (uint64_t row = kRows; row < 2 * kRows; ++row) {
    EXPECT_EQ(drawn[row], 0u);
  }
}

TEST(RowChooser, TheSeedDecidesEveryChoice) {
  const RowChoice choice = {.distribution = Distribution::kZipf, .hot_share = 0.3, .hot_rows = 20};
  EXPECT_EQ(Draw(choice, kRows, 4), Draw(choice, kRows, 4));
  EXPECT_NE(Draw(choice, kRows, 4), Draw(choice, kRows, 5));
}

}  // namespace
}  // namespace flatkv::bench
