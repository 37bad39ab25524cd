#include "flatkv/fs/path.h"

#include <gtest/gtest.h>

namespace flatkv {
namespace {

TEST(JoinPath, PutsOneSlashBetweenTheParts) {
  EXPECT_EQ(JoinPath("a", "b"), "a/b");
  EXPECT_EQ(JoinPath("a/", "b"), "a/b");
  EXPECT_EQ(JoinPath("/", "b"), "/b");
  EXPECT_EQ(JoinPath("a/b", "c/d"), "a/b/c/d");
}

TEST(JoinPath, TakesAnEmptyDirectoryAsTheCurrentOne) { EXPECT_EQ(JoinPath("", "b"), "b"); }

TEST(ParentPath, CutsTheLastName) {
  EXPECT_EQ(ParentPath("a/b/c"), "a/b");
  EXPECT_EQ(ParentPath("/a/b"), "/a");
  EXPECT_EQ(ParentPath("a//b"), "a");
}

TEST(ParentPath, IsTheCurrentDirectoryForALoneName) {
  EXPECT_EQ(ParentPath("c"), ".");
  EXPECT_EQ(ParentPath("c/"), ".");
  EXPECT_EQ(ParentPath(""), ".");
}

TEST(ParentPath, IsTheRootForANameInTheRootAndForTheRoot) {
  EXPECT_EQ(ParentPath("/c"), "/");
  EXPECT_EQ(ParentPath("//c"), "/");
  EXPECT_EQ(ParentPath("/"), "/");
}

TEST(ParentPath, IgnoresSlashesAtTheEnd) { EXPECT_EQ(ParentPath("a/b//"), "a"); }

TEST(BaseName, IsTheLastName) {
  EXPECT_EQ(BaseName("a/b/c"), "c");
  EXPECT_EQ(BaseName("/c"), "c");
  EXPECT_EQ(BaseName("c"), "c");
  EXPECT_EQ(BaseName("a/b/"), "b");
  EXPECT_EQ(BaseName(""), "");
}

}  // namespace
}  // namespace flatkv
