#include "cli/block_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/support/status_matchers.h"

namespace flatkv::cli {
namespace {

using test::StatusIs;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(BlockLine, KeepsOrderNamesKeysValuesAndDeletes) {
  ASSERT_OK_AND_ASSIGN(
      const Block block,
      ParseBlockLine(
          R"({"version":7,"changesets":[{"name":"evm","pairs":[{"key":"0A","value":"00ff"},{"key":"0b","delete":true}]},)"
          R"( {"pairs":[{"value":"","key":""}],"name":"ba\u0000k"}]})"));
  EXPECT_EQ(block.version(), 7);
  EXPECT_EQ(block.updates(), 3u);
  ASSERT_THAT(block.changes(), SizeIs(2));
  const NamedChangeSet& evm = block.changes()[0];
  EXPECT_EQ(evm.module, "evm");
  ASSERT_THAT(evm.pairs, SizeIs(2));
  EXPECT_EQ(evm.pairs[0].key, "\x0a");
  EXPECT_EQ(evm.pairs[0].value, std::string_view("\x00\xff", 2));
  EXPECT_FALSE(evm.pairs[0].remove);
  EXPECT_EQ(evm.pairs[1].key, "\x0b");
  EXPECT_TRUE(evm.pairs[1].remove);
  EXPECT_EQ(block.changes()[1].module, std::string_view("ba\0k", 4));
  EXPECT_EQ(block.changes()[1].pairs[0].key, "");
}

TEST(BlockLine, AcceptsAVersionWithoutChanges) {
  ASSERT_OK_AND_ASSIGN(const Block block,
                       ParseBlockLine(R"({"version":9223372036854775807,"changesets":[]})"));
  EXPECT_EQ(block.version(), INT64_MAX);
  EXPECT_THAT(block.changes(), SizeIs(0));
}

TEST(BlockLine, ViewsStayValidWhenTheBlockMoves) {
  ASSERT_OK_AND_ASSIGN(
      Block block,
      ParseBlockLine(
          R"({"version":1,"changesets":[{"name":"m","pairs":[{"key":"61","value":"62"}]}]})"));
  const Block moved = std::move(block);
  EXPECT_EQ(moved.changes()[0].module, "m");
  EXPECT_EQ(moved.changes()[0].pairs[0].key, "a");
  EXPECT_EQ(moved.changes()[0].pairs[0].value, "b");
}

struct BadLine {
  const char* line;
  const char* error;
};

class BlockLineRefuses : public ::testing::TestWithParam<BadLine> {};

TEST_P(BlockLineRefuses, WithTheReason) {
  EXPECT_THAT(ParseBlockLine(GetParam().line),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr(GetParam().error)))
      << GetParam().line;
}

constexpr BadLine kBadLines[] = {
    {"", "column 1"},
    {"nonsense", "column 2"},
    {R"({"version":1,"changesets":[]} {)", "column 31"},
    {R"([])", "an array where an object was expected"},
    {R"(7)", "7 where an object was expected"},
    {R"({"changesets":[]})", "no \"version\""},
    {R"({"version":1})", "no \"changesets\""},
    {R"({"version":0,"changesets":[]})", "version 0 is out of range"},
    {R"({"version":9223372036854775808,"changesets":[]})",
     "version 9223372036854775808 is out of range"},
    {R"({"version":-1,"changesets":[]})", "version -1 is negative"},
    {R"({"version":1.5,"changesets":[]})", "field \"version\" cannot be 1.5"},
    {R"({"version":"1","changesets":[]})", "field \"version\" cannot be a string"},
    {R"({"version":1,"version":1,"changesets":[]})", "field \"version\" comes twice"},
    {R"({"version":1,"changesets":null})", "field \"changesets\" cannot be null"},
    {R"({"version":1,"changesets":[],"root":"00"})", "unknown field \"root\""},
    {R"({"version":1,"changesets":[3]})", "3 in \"changesets\""},
    {R"({"version":1,"changesets":[{"pairs":[]}]})", "a change set has no \"name\""},
    {R"({"version":1,"changesets":[{"name":"m"}]})", "a change set has no \"pairs\""},
    {R"({"version":1,"changesets":[{"name":1,"pairs":[]}]})", "field \"name\" cannot be 1"},
    {R"({"version":1,"changesets":[{"name":"m","pairs":[[]]}]})", "an array in \"pairs\""},
    {R"({"version":1,"changesets":[{"name":"m","pairs":[{"value":""}]}]})",
     "a pair has no \"key\""},
    {R"({"version":1,"changesets":[{"name":"m","pairs":[{"key":"00"}]}]})",
     "neither \"value\" nor"},
    {R"({"version":1,"changesets":[{"name":"m","pairs":[{"key":"00","delete":false}]}]})",
     "neither \"value\" nor"},
    {R"({"version":1,"changesets":[{"name":"m","pairs":[{"key":"00","value":"","delete":true}]}]})",
     "both \"value\" and"},
    {R"({"version":1,"changesets":[{"name":"m","pairs":[{"key":"00","delete":1}]}]})",
     "field \"delete\" cannot be 1"},
    {R"({"version":1,"changesets":[{"name":"m","pairs":[{"key":"00","delet":true}]}]})",
     "unknown field \"delet\""},
    {R"({"version":1,"changesets":[{"name":"m","pairs":[{"key":"000","value":""}]}]})",
     "\"key\" has an odd number of hexadecimal digits (3)"},
    {R"({"version":1,"changesets":[{"name":"m","pairs":[{"key":"00","value":"0g"}]}]})",
     "\"value\" is not hexadecimal at digit 2"},
};
INSTANTIATE_TEST_SUITE_P(Lines, BlockLineRefuses, ::testing::ValuesIn(kBadLines));

}  // namespace
}  // namespace flatkv::cli
