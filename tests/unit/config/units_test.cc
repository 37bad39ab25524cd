#include "config/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace flatkv {
namespace {

using ::testing::HasSubstr;

int64_t Size(std::string_view text) {
  const StatusOr<int64_t> size = ParseSize(text);
  EXPECT_TRUE(size.ok()) << size.status();
  return size.ok() ? *size : -1;
}

int64_t Duration(std::string_view text) {
  const StatusOr<int64_t> duration = ParseDuration(text);
  EXPECT_TRUE(duration.ok()) << duration.status();
  return duration.ok() ? *duration : -1;
}

TEST(Units, ReadsEveryUnit) {
  EXPECT_EQ(Size("0"), 0);
  EXPECT_EQ(Size("17"), 17);
  EXPECT_EQ(Size("17B"), 17);
  EXPECT_EQ(Size("3KiB"), 3 * 1024);
  EXPECT_EQ(Size("256MiB"), 268'435'456);
  EXPECT_EQ(Size("2GiB"), 2'147'483'648);
  EXPECT_EQ(Size("1TiB"), 1'099'511'627'776);
  EXPECT_EQ(Duration("0ms"), 0);
  EXPECT_EQ(Duration("200ms"), 200);
  EXPECT_EQ(Duration("30s"), 30'000);
  EXPECT_EQ(Duration("2m"), 120'000);
  EXPECT_EQ(Duration("1h"), 3'600'000);
}

TEST(Units, AcceptsTheLargestNumberAndRefusesTheNext) {
  EXPECT_EQ(Size("9223372036854775807"), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(Size("8388607TiB"), int64_t{8388607} << 40);
  EXPECT_EQ(Duration("9223372036854775807ms"), std::numeric_limits<int64_t>::max());
  for (const std::string text :
       {"9223372036854775808", "8388608TiB", "9007199254740992KiB", "99999999999999999999999B"}) {
    const StatusOr<int64_t> size = ParseSize(text);
    ASSERT_FALSE(size.ok()) << text;
    EXPECT_THAT(std::string(MessageOf(size.status())), HasSubstr("is too large"));
  }
  EXPECT_THAT(std::string(MessageOf(ParseDuration("2562047788016h").status())),
              HasSubstr("is too large"));
}

TEST(Units, RefusesWhatIsNotANumberWithAUnit) {
  for (const std::string text :
       {"", " ", "-1MiB", "+1MiB", " 1MiB", "MiB", "0x10", "1 MiB", "1MiB ", "1.5GiB", "1e6",
        "256MB", "256mib", "256M", "1MiB2KiB", "1,5KiB"}) {
    const StatusOr<int64_t> size = ParseSize(text);
    EXPECT_EQ(size.status().code(), StatusCode::kInvalidArgument) << '"' << text << '"';
  }
  for (const std::string text : {"", "200", "0", "-1s", "+1s", " 1s", "1 s", "1s ", "ms", "1.5s",
                                 "1m30s", "1d", "200MS", "200us"}) {
    const StatusOr<int64_t> duration = ParseDuration(text);
    EXPECT_EQ(duration.status().code(), StatusCode::kInvalidArgument) << '"' << text << '"';
  }
}

TEST(Units, SaysWhatIsWrongWithTheText) {
  EXPECT_EQ(MessageOf(ParseSize("256MB").status()),
            "\"256MB\" has the unknown unit \"MB\" (units: B, KiB, MiB, GiB, TiB)");
  EXPECT_EQ(MessageOf(ParseSize("1 MiB").status()),
            "\"1 MiB\" has the unknown unit \" MiB\" (units: B, KiB, MiB, GiB, TiB)");
  EXPECT_EQ(MessageOf(ParseSize("-1").status()), "\"-1\" does not begin with a digit");
  EXPECT_EQ(MessageOf(ParseDuration("200").status()), "\"200\" has no unit (units: ms, s, m, h)");
}

TEST(Units, FormatsInTheLargestUnitThatLeavesAWholeNumber) {
  EXPECT_EQ(FormatSize(0), "0B");
  EXPECT_EQ(FormatSize(1023), "1023B");
  EXPECT_EQ(FormatSize(1024), "1KiB");
  EXPECT_EQ(FormatSize(1025), "1025B");
  EXPECT_EQ(FormatSize(int64_t{1536} << 20), "1536MiB");
  EXPECT_EQ(FormatSize(int64_t{5} << 40), "5TiB");
  EXPECT_EQ(FormatDuration(0), "0ms");
  EXPECT_EQ(FormatDuration(1'500), "1500ms");
  EXPECT_EQ(FormatDuration(90'000), "90s");
  EXPECT_EQ(FormatDuration(7'200'000), "2h");
}

TEST(Units, ReadsBackWhatItFormats) {
  constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();
  for (int64_t value = 1; value < kLargest / 3; value = value * 3 + 1) {
    for (const int64_t quantity : {value, value * 2, kLargest - value}) {
      EXPECT_EQ(Size(FormatSize(quantity)), quantity);
      EXPECT_EQ(Duration(FormatDuration(quantity)), quantity);
    }
  }
}

}  // namespace
}  // namespace flatkv
