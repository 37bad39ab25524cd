#include "cli/block_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace flatkv::cli {
namespace {

using test::StatusIs;
using ::testing::HasSubstr;

class BlockFileTest : public ::testing::Test {
 protected:
  std::string Write(std::string_view text) {
    std::ofstream(path_, std::ios::binary) << text;
    return path_;
  }

  test::TempDir dir_;
  const std::string path_ = dir_.File("blocks.jsonl");
};

TEST_F(BlockFileTest, GivesTheVersionsInOrderAndSkipsEmptyLines) {
  const std::string text =
      "{\"version\":4,\"changesets\":[]}\r\n\n  \n{\"version\":5,\"changesets\":[]}";
  ASSERT_OK_AND_ASSIGN(const auto file, BlockFile::Open(Write(text)));
  EXPECT_EQ(file->size_bytes(), text.size());
  ASSERT_OK_AND_ASSIGN(const auto first, file->Next());
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->version(), 4);
  ASSERT_OK_AND_ASSIGN(const auto second, file->Next());
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->version(), 5);
  for (int i = 0; i < 2; ++i) {
    ASSERT_OK_AND_ASSIGN(const auto end, file->Next());
    EXPECT_FALSE(end.has_value());
  }
  EXPECT_EQ(file->bytes_read(), text.size());
}

TEST_F(BlockFileTest, NamesFileAndLineOfABadLineAndEndsThere) {
  Write(
      "{\"version\":1,\"changesets\":[]}\n\n{\"version\":2,\n{\"version\":3,\"changesets\":[]}\n");
  ASSERT_OK_AND_ASSIGN(const auto file, BlockFile::Open(path_));
  ASSERT_OK(file->Next());
  EXPECT_THAT(file->Next(),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr(path_ + ":3: column ")));
  ASSERT_OK_AND_ASSIGN(const auto end, file->Next());
  EXPECT_FALSE(end.has_value());
}

TEST_F(BlockFileTest, RefusesAGapAndARepeatedVersion) {
  for (const char* second : {"3", "1"}) {
    Write(std::string("{\"version\":1,\"changesets\":[]}\n{\"version\":") + second +
          ",\"changesets\":[]}\n");
    ASSERT_OK_AND_ASSIGN(const auto file, BlockFile::Open(path_));
    ASSERT_OK(file->Next());
    EXPECT_THAT(file->Next(),
                StatusIs(StatusCode::kInvalidArgument,
                         HasSubstr(std::string(":2: version ") + second + " follows version 1")));
  }
}

TEST_F(BlockFileTest, ALineThatTheEndOfTheFileCutsIsBad) {
  Write("{\"version\":1,\"changesets\":[{\"name\":\"m\",\"pairs\":[{\"key\":\"00");
  ASSERT_OK_AND_ASSIGN(const auto file, BlockFile::Open(path_));
  EXPECT_THAT(file->Next(), StatusIs(StatusCode::kInvalidArgument, HasSubstr(":1: column ")));
}

TEST_F(BlockFileTest, RefusesWhatIsNoReadableFile) {
  EXPECT_THAT(BlockFile::Open(dir_.File("missing")),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("ENOENT")));
  EXPECT_THAT(BlockFile::Open(dir_.path()),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("is a directory")));
}

}  // namespace
}  // namespace flatkv::cli
