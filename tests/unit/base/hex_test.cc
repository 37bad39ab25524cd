#include "flatkv/base/hex.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/status_matchers.h"

namespace flatkv {
namespace {

using test::StatusIs;
using ::testing::HasSubstr;

TEST(Hex, EncodesLowerCase) {
  EXPECT_EQ(HexEncode(std::string_view("\x00\x1f\xab\xff", 4)), "001fabff");
  EXPECT_EQ(HexEncode(""), "");
}

TEST(Hex, DecodesBothCases) {
  ASSERT_OK_AND_ASSIGN(const std::string bytes, HexDecode("001fAbFf"));
  EXPECT_EQ(bytes, std::string("\x00\x1f\xab\xff", 4));
  EXPECT_EQ(*HexDecode(""), "");
}

TEST(Hex, DecodeUndoesEncodeForEveryByte) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes.push_back(static_cast<char>(i));
  }
  EXPECT_EQ(*HexDecode(HexEncode(bytes)), bytes);
}

TEST(Hex, DecodeRefusesAnOddNumberOfDigits) {
  EXPECT_THAT(HexDecode("abc"), StatusIs(StatusCode::kInvalidArgument, HasSubstr("(3)")));
}

TEST(Hex, DecodeRefusesEveryCharacterThatIsNoDigitAndTellsWhere) {
  const std::string digits = "0123456789abcdefABCDEF";
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const bool digit = digits.find(c) != std::string::npos;
    SCOPED_TRACE(i);
    EXPECT_EQ(HexDecode(std::string("ab") + c + "0").ok(), digit);
    EXPECT_EQ(HexDecode(std::string("ab0") + c).ok(), digit);
  }
  EXPECT_THAT(HexDecode("ab0x"), StatusIs(StatusCode::kInvalidArgument, HasSubstr("offset 3")));
  EXPECT_THAT(HexDecode("0x12"), StatusIs(StatusCode::kInvalidArgument, HasSubstr("offset 1")));
}

}  // namespace
}  // namespace flatkv
