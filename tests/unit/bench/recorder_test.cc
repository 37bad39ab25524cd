#include "bench/recorder.h"

#include <gtest/gtest.h>

namespace flatkv::bench {
namespace {

using std::chrono::milliseconds;

class RecorderTest : public ::testing::Test {
 protected:
  void Add(int start_ms, int end_ms, uint64_t updates = 10) {
    recorder_.Add({.version = 1,
                   .root = {},
                   .updates = updates,
                   .start = start_ + milliseconds(start_ms),
                   .end = start_ + milliseconds(end_ms),
                   .timings = with_phases_ ? std::optional(CommitTimings{.rows = milliseconds(3)})
                                           : std::nullopt});
  }

  const Clock::time_point start_ = Clock::now();
  Recorder recorder_{start_};
  bool with_phases_ = false;
};

TEST_F(RecorderTest, TimeBetweenBlocksIsNotBusy) {
  Add(10, 20);
  Add(50, 80);
  EXPECT_DOUBLE_EQ(recorder_.busy_seconds(), 0.040);
  EXPECT_EQ(recorder_.blocks(), 2u);
  EXPECT_EQ(recorder_.updates(), 20u);
}

TEST_F(RecorderTest, BlocksInFlightTogetherAreBusyOnce) {
  Add(0, 30);
  Add(5, 40);
  Add(10, 45);
  EXPECT_DOUBLE_EQ(recorder_.busy_seconds(), 0.045);
  const nlohmann::json latency = recorder_.Latency();
  EXPECT_DOUBLE_EQ(latency["block"]["p50_ms"], 35);
  EXPECT_DOUBLE_EQ(latency["block"]["max_ms"], 35);
  EXPECT_FALSE(latency.contains("rows"));
}

TEST_F(RecorderTest, PhasesAreKeptWhereTheyAreKnown) {
  with_phases_ = true;
  Add(0, 5);
  const nlohmann::json latency = recorder_.Latency();
  EXPECT_DOUBLE_EQ(latency["rows"]["p99_ms"], 3);
  EXPECT_DOUBLE_EQ(latency["wait"]["max_ms"], 0);
}

TEST_F(RecorderTest, SeriesPutsABlockIntoTheIntervalOfItsEnd) {
  Add(0, 100);
  Add(900, 1'000, 50);
  Add(1'000, 1'400, 30);
  Add(5'500, 5'600);
  const nlohmann::json series = recorder_.Series(std::chrono::seconds(1));
  ASSERT_EQ(series.size(), 3u);
  EXPECT_EQ(series[0]["at_s"], 0);
  EXPECT_DOUBLE_EQ(series[0]["updates_per_second"], 100);
  EXPECT_EQ(series[1]["at_s"], 1);
  EXPECT_EQ(series[1]["blocks"], 2);
  EXPECT_DOUBLE_EQ(series[1]["updates_per_second"], 160);
  EXPECT_DOUBLE_EQ(series[1]["max_ms"], 400);
  EXPECT_EQ(series[2]["at_s"], 5);
}

}  // namespace
}  // namespace flatkv::bench
