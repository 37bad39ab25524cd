#include "bench/bench_home.h"

#include <gtest/gtest.h>

#include "flatkv/fs/durable.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/status_matchers.h"

namespace flatkv::bench {
namespace {

using test::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class BenchHomeTest : public ::testing::Test {
 protected:
  // As a run does.
  void MakeThings() {
    ASSERT_OK(MakeDirsDurably(fs_, "a/home/flatkv/working"));
    ASSERT_OK(WriteFileDurably(fs_, "a/home/flatkv/working/000001.ldb", "table"));
    ASSERT_OK(MakeDirsDurably(fs_, "a/home/parts/log"));
    ASSERT_OK(WriteFileDurably(fs_, "a/home/bench.toml", "x"));
  }

  test::MemFileSystem fs_;
};

TEST_F(BenchHomeTest, IsGoneAfterwardsIfItWasMadeHere) {
  {
    ASSERT_OK_AND_ASSIGN(const auto home, BenchHome::Create(fs_, "a/home", false));
    MakeThings();
  }
  EXPECT_THAT(*fs_.List("a"), ElementsAre());
}

TEST_F(BenchHomeTest, AnEmptyDirectoryIsEmptyAgainAfterwards) {
  ASSERT_OK(MakeDirsDurably(fs_, "a/home"));
  {
    ASSERT_OK_AND_ASSIGN(const auto home, BenchHome::Create(fs_, "a/home", false));
    MakeThings();
  }
  EXPECT_THAT(*fs_.List("a/home"), ElementsAre());
}

TEST_F(BenchHomeTest, WhatTheRunHasNotMadeStays) {
  {
    ASSERT_OK_AND_ASSIGN(const auto home, BenchHome::Create(fs_, "a/home", false));
    MakeThings();
    ASSERT_OK(WriteFileDurably(fs_, "a/home/notes.txt", "mine"));
  }
  EXPECT_THAT(*fs_.List("a/home"), ElementsAre("notes.txt"));
}

TEST_F(BenchHomeTest, KeepLeavesEverything) {
  {
    ASSERT_OK_AND_ASSIGN(const auto home, BenchHome::Create(fs_, "a/home", true));
    MakeThings();
  }
  EXPECT_THAT(*fs_.List("a/home"), ElementsAre("bench.toml", "flatkv", "parts"));
}

TEST_F(BenchHomeTest, ADirectoryWithAnythingInItIsRefusedAndUntouched) {
  ASSERT_OK(MakeDirsDurably(fs_, "a/home"));
  MakeThings();
  EXPECT_THAT(BenchHome::Create(fs_, "a/home", false),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("not an empty directory")));
  EXPECT_THAT(BenchHome::Create(fs_, "a/home/bench.toml", false),
              StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(*fs_.List("a/home"), ElementsAre("bench.toml", "flatkv", "parts"));
}

TEST_F(BenchHomeTest, CountsALinkedFileOnce) {
  ASSERT_OK_AND_ASSIGN(const auto home, BenchHome::Create(fs_, "a/home", false));
  MakeThings();
  EXPECT_EQ(home->DiskBytes(), 6u);
  ASSERT_OK(fs_.Link("a/home/flatkv/working/000001.ldb", "a/home/flatkv/000001.sst"));
  EXPECT_EQ(home->DiskBytes(), 6u);
}

}  // namespace
}  // namespace flatkv::bench
