#include "cli/roots_file.h"

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
using ::testing::SizeIs;

class RootsFileTest : public ::testing::Test {
 protected:
  std::string Write(std::string_view text) {
    std::ofstream(path_) << text;
    return path_;
  }

  test::TempDir dir_;
  const std::string path_ = dir_.File("roots");
  const std::string root_ = std::string(62, '0') + "a1";
};

TEST_F(RootsFileTest, ReadsVersionAndRootAndIgnoresTheRest) {
  ASSERT_OK_AND_ASSIGN(const ExpectedRoots roots,
                       LoadRootsFile(Write("# comment\n12 " + root_ + " abc def\n\n13 " + root_ +
                                           "\nrows {'account': 1}\n")));
  EXPECT_THAT(roots, SizeIs(2));
  EXPECT_EQ(roots.at(12)[31], 0xa1);
}

TEST_F(RootsFileTest, NamesTheLineThatIsWrong) {
  EXPECT_THAT(LoadRootsFile(Write("1 " + root_ + "\n2 abcd\n")),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr(path_ + ":2: expected a version and a root")));
  EXPECT_THAT(
      LoadRootsFile(Write("1 " + root_ + "\n1 " + root_ + "\n")),
      StatusIs(StatusCode::kInvalidArgument, HasSubstr(path_ + ":2: version 1 comes twice")));
}

TEST_F(RootsFileTest, AFileWithoutRootsComparesNothingAndIsRefused) {
  EXPECT_THAT(LoadRootsFile(Write("rows\n")),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("holds no line")));
  EXPECT_THAT(LoadRootsFile(dir_.File("missing")),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("ENOENT")));
}

}  // namespace
}  // namespace flatkv::cli
