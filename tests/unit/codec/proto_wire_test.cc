// Goal: a varint has one form, and what is cut off or has another is refused.
#include "flatkv/codec/proto_wire.h"

#include <gtest/gtest.h>

#include <limits>

#include "flatkv/base/hex.h"
#include "tests/support/status_matchers.h"

namespace flatkv::test {
namespace {

bool Take(const std::string& hex, uint64_t* value, size_t* left) {
  const std::string bytes = *HexDecode(hex);
  std::string_view rest = bytes;
  const bool taken = TakeVarint(&rest, value);
  *left = rest.size();
  return taken;
}

TEST(ProtoWire, VarintsComeBack) {
  for (const uint64_t value :
       {uint64_t{0}, uint64_t{1}, uint64_t{127}, uint64_t{128}, uint64_t{300}, uint64_t{1} << 35,
        uint64_t{1} << 63, std::numeric_limits<uint64_t>::max()}) {
    std::string bytes;
    AppendVarint(value, &bytes);
    EXPECT_EQ(bytes.size(), VarintBytes(value));
    EXPECT_LE(bytes.size(), kVarintBytesMax);
    bytes += "rest";
    std::string_view rest = bytes;
    uint64_t read = 0;
    ASSERT_TRUE(TakeVarint(&rest, &read));
    EXPECT_EQ(read, value);
    EXPECT_EQ(rest, "rest");
  }
}

TEST(ProtoWire, RefusesVarintsOfAnotherForm) {
  uint64_t value = 0;
  size_t left = 0;
  EXPECT_TRUE(Take("ac02", &value, &left));
  EXPECT_EQ(value, 300u);
  for (const char* const hex : {
           "",                      // nothing
           "80",                    // cut off
           "8000",                  // a last byte that says nothing
           "ffffffffffffffffff02",  // more than 64 bits
           "80808080808080808080"
           "01",  // more bytes than any
       }) {
    EXPECT_FALSE(Take(hex, &value, &left)) << hex;
  }
}

TEST(ProtoWire, ContentIsTakenWhole) {
  const std::string bytes = *HexDecode(
      "03"
      "616263"
      "64");
  std::string_view rest = bytes;
  std::string_view content;
  ASSERT_TRUE(TakeContent(&rest, &content));
  EXPECT_EQ(content, "abc");
  EXPECT_EQ(rest, "d");
  EXPECT_FALSE(TakeContent(&rest, &content));
}

}  // namespace
}  // namespace flatkv::test
