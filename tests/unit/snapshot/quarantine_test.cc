#include "flatkv/snapshot/quarantine.h"

#include <gtest/gtest.h>

#include <limits>

#include "flatkv/fs/durable.h"
#include "flatkv/snapshot/quarantine_name.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/support/tree_digest.h"
#include "tests/unit/snapshot/snapshot_test_util.h"

namespace flatkv {
namespace {

using test::kStore;
using test::MemFileSystem;
using test::StatusIs;
using test::TreeText;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr uint64_t kNow = 1767323045;  // 2026-01-02T03:04:05Z

class QuarantineTest : public testing::Test {
 protected:
  QuarantineTest() : quarantine_(disk_, kStore) { MakeWorking(); }

  void MakeWorking() {
    EXPECT_OK(MakeDirsDurably(disk_, "/store/working/account"));
    EXPECT_OK(WriteFileDurably(disk_, "/store/working/account/f", "12345"));
    EXPECT_OK(WriteFileDurably(disk_, "/store/working/g", "123"));
  }
  static std::string PathOf(const std::string& name) { return "/store/quarantine/" + name; }

  MemFileSystem disk_;
  Quarantine quarantine_;
};

TEST(QuarantineName, IsTheTimeAndARandomId) {
  EXPECT_THAT(NewQuarantineName(kNow), MatchesRegex("20260102T030405Z-[0-9a-f]{16}"));
  EXPECT_NE(NewQuarantineName(kNow), NewQuarantineName(kNow));
  for (const uint64_t seconds : {uint64_t{0}, kNow, uint64_t{951782399}, uint64_t{253402300799}}) {
    EXPECT_EQ(ParseQuarantineName(NewQuarantineName(seconds)), seconds);
  }
  EXPECT_THAT(NewQuarantineName(std::numeric_limits<uint64_t>::max()),
              StartsWith("99991231T235959Z-"));
}

TEST(QuarantineName, OfNoOtherNameIsParsed) {
  for (const char* name :
       {"", "..", "20260102T030405Z", "20260102T030405Z-", "20260102T030405Z-1a2b3c4d5e6f708",
        "20260102T030405Z-1a2b3c4d5e6f70811", "20260102T030405Z-1A2b3c4d5e6f7081",
        "20261302T030405Z-1a2b3c4d5e6f7081", "20260230T030405Z-1a2b3c4d5e6f7081",
        "20260102T240405Z-1a2b3c4d5e6f7081", "20260102T030460Z-1a2b3c4d5e6f7081",
        "20260102 030405Z-1a2b3c4d5e6f7081", "2026 102T030405Z-1a2b3c4d5e6f7081",
        "20260102T030405Z/1a2b3c4d5e6f7081", "../60102T030405Z-1a2b3c4d5e6f7081",
        "19691231T235959Z-1a2b3c4d5e6f7081", "20260102T030405Z-1a2b3c4d5e6f708/"}) {
    EXPECT_EQ(ParseQuarantineName(name), std::nullopt) << name;
  }
  EXPECT_EQ(ParseQuarantineName("20260102T030405Z-1a2b3c4d5e6f7081"), kNow);
}

TEST_F(QuarantineTest, IsEmptyInANewStore) { EXPECT_THAT(*quarantine_.List(), IsEmpty()); }

TEST_F(QuarantineTest, SetsAsideWithAReason) {
  const std::string before = TreeText(disk_, "/store/working");
  ASSERT_OK_AND_ASSIGN(const std::string name,
                       quarantine_.SetAside("working", "a bad\nblock", kNow));
  EXPECT_THAT(name, StartsWith("20260102T030405Z-"));
  EXPECT_FALSE(*Exists(disk_, "/store/working"));
  EXPECT_EQ(TreeText(disk_, PathOf(name) + "/working"), before);
  ASSERT_OK_AND_ASSIGN(const std::vector<QuarantineEntry> entries, quarantine_.List());
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_EQ(entries[0].name, name);
  EXPECT_EQ(entries[0].item, "working");
  EXPECT_EQ(entries[0].reason, "a bad\nblock");
  EXPECT_EQ(entries[0].created_unix_seconds, kNow);
  EXPECT_EQ(entries[0].bytes, 8u);
}

// Regression R3: two at the same time once got one name, and the second replaced the first.
TEST_F(QuarantineTest, TwoAtTheSameTimeBothStay) {
  ASSERT_OK_AND_ASSIGN(const std::string first, quarantine_.SetAside("working", "1", kNow));
  MakeWorking();
  ASSERT_OK_AND_ASSIGN(const std::string second, quarantine_.SetAside("working", "2", kNow));
  EXPECT_NE(first, second);
  EXPECT_EQ(TreeText(disk_, PathOf(first) + "/working"),
            TreeText(disk_, PathOf(second) + "/working"));
  EXPECT_THAT(*quarantine_.List(), SizeIs(2));
}

TEST_F(QuarantineTest, ListsByAge) {
  ASSERT_OK_AND_ASSIGN(const std::string newer, quarantine_.SetAside("working", "2", kNow + 1));
  MakeWorking();
  ASSERT_OK_AND_ASSIGN(const std::string older, quarantine_.SetAside("working", "1", kNow));
  ASSERT_OK_AND_ASSIGN(const std::vector<QuarantineEntry> entries, quarantine_.List());
  ASSERT_THAT(entries, SizeIs(2));
  EXPECT_EQ(entries[0].name, older);
  EXPECT_EQ(entries[1].name, newer);
}

TEST_F(QuarantineTest, TakesFilesAndDanglingLinksToo) {
  ASSERT_OK(disk_.Symlink("nowhere", "/store/current"));
  EXPECT_OK(quarantine_.SetAside("current", "dangling", kNow));
  ASSERT_OK(WriteFileDurably(disk_, "/store/INTENT", "12"));
  EXPECT_OK(quarantine_.SetAside("INTENT", "damaged", kNow + 1));
  ASSERT_OK_AND_ASSIGN(const std::vector<QuarantineEntry> entries, quarantine_.List());
  ASSERT_THAT(entries, SizeIs(2));
  EXPECT_EQ(entries[0].bytes, 0u);
  EXPECT_EQ(entries[0].reason, "dangling");
  EXPECT_EQ(entries[1].bytes, 2u);
}

TEST_F(QuarantineTest, RefusesWhatIsNoItem) {
  EXPECT_THAT(quarantine_.SetAside("changelog", "x", kNow), StatusIs(StatusCode::kNotFound));
  ASSERT_OK(WriteFileDurably(disk_, "/precious", "x"));
  const std::string before = TreeText(disk_, "/");
  for (const std::string& item :
       {std::string(), std::string("."), std::string(".."), std::string("../precious"),
        std::string("/precious"), std::string("working/account"), std::string("working/"),
        std::string("LOCK"), std::string("quarantine"), std::string("REASON"),
        std::string("working\0x", 9)}) {
    EXPECT_THAT(quarantine_.SetAside(item, "x", kNow), StatusIs(StatusCode::kInvalidArgument))
        << item;
  }
  EXPECT_EQ(TreeText(disk_, "/"), before);
}

TEST_F(QuarantineTest, AnEntryWithoutAReadableReasonIsListed) {
  ASSERT_OK_AND_ASSIGN(const std::string name, quarantine_.SetAside("working", "x", kNow));
  disk_.FlipBit(PathOf(name) + "/REASON", 30, 1);
  for (int round = 0; round < 2; ++round) {
    ASSERT_OK_AND_ASSIGN(const std::vector<QuarantineEntry> entries, quarantine_.List());
    ASSERT_THAT(entries, SizeIs(1));
    EXPECT_EQ(entries[0].name, name);
    EXPECT_EQ(entries[0].item, "working");
    EXPECT_THAT(entries[0].reason, AllOf(StartsWith("unknown"), HasSubstr("REASON")));
    EXPECT_EQ(entries[0].created_unix_seconds, kNow);
    EXPECT_EQ(entries[0].bytes, 8u);
    static_cast<void>(disk_.RemoveFile(PathOf(name) + "/REASON"));
  }
}

TEST_F(QuarantineTest, AnEntryThatNothingWasMovedToSaysSo) {
  ASSERT_OK_AND_ASSIGN(const std::string name, quarantine_.SetAside("working", "why", kNow));
  ASSERT_OK(disk_.Rename(PathOf(name) + "/working", "/store/working"));
  ASSERT_OK_AND_ASSIGN(const std::vector<QuarantineEntry> entries, quarantine_.List());
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_EQ(entries[0].reason, "nothing was moved: why");
  EXPECT_EQ(entries[0].bytes, 0u);
}

TEST_F(QuarantineTest, PassesOverForeignNames) {
  ASSERT_OK(MakeDirsDurably(disk_, PathOf("mine")));
  ASSERT_OK(WriteFileDurably(disk_, PathOf("notes.txt"), "x"));
  EXPECT_THAT(*quarantine_.List(), IsEmpty());
}

TEST_F(QuarantineTest, RemovesOneEntryForGood) {
  ASSERT_OK_AND_ASSIGN(const std::string first, quarantine_.SetAside("working", "1", kNow));
  MakeWorking();
  ASSERT_OK_AND_ASSIGN(const std::string second, quarantine_.SetAside("working", "2", kNow));
  ASSERT_OK(quarantine_.Remove(first));
  ASSERT_OK_AND_ASSIGN(const std::vector<QuarantineEntry> entries, quarantine_.List());
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_EQ(entries[0].name, second);
  EXPECT_FALSE(*Exists(disk_, PathOf(first)));
  EXPECT_THAT(quarantine_.Remove(first), StatusIs(StatusCode::kNotFound, HasSubstr(first)));
}

TEST_F(QuarantineTest, RemoveNeverFollowsAPath) {
  ASSERT_OK_AND_ASSIGN(const std::string name, quarantine_.SetAside("working", "1", kNow));
  const std::string before = TreeText(disk_, "/");
  for (const std::string& other : {std::string(), std::string("."), std::string(".."),
                                   name + "/working", "./" + name, name + "-removing"}) {
    EXPECT_THAT(quarantine_.Remove(other), StatusIs(StatusCode::kInvalidArgument)) << other;
  }
  EXPECT_EQ(TreeText(disk_, "/"), before);
}

TEST_F(QuarantineTest, AnInterruptedRemovalIsListedAndCanBeRepeated) {
  ASSERT_OK_AND_ASSIGN(const std::string name, quarantine_.SetAside("working", "1", kNow));
  ASSERT_OK(disk_.Rename(PathOf(name), PathOf(name) + "-removing"));
  ASSERT_OK_AND_ASSIGN(const std::vector<QuarantineEntry> entries, quarantine_.List());
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_EQ(entries[0].name, name);
  EXPECT_THAT(entries[0].reason, HasSubstr("interrupted"));
  ASSERT_OK(quarantine_.Remove(name));
  EXPECT_EQ(TreeText(disk_, "/store/quarantine"), "");
}

}  // namespace
}  // namespace flatkv
