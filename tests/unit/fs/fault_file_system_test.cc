#include "tests/support/fault_file_system.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "flatkv/fs/durable.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/support/tree_digest.h"

namespace flatkv {
namespace {

using test::CrashMode;
using test::FaultFileSystem;
using test::FaultRule;
using test::FsCall;
using test::FsOp;
using test::IsOk;
using test::MemFileSystem;
using test::StatusIs;
using test::TreeDigest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FaultFileSystemTest : public testing::Test {
 protected:
  std::string Read(const std::string& path) {
    return ReadFile(disk_, path, 1 << 20).value_or("(unreadable)");
  }

  MemFileSystem disk_;
  FaultFileSystem fs_{disk_};
};

TEST_F(FaultFileSystemTest, TracesTheMutatingCallsInOrder) {
  ASSERT_OK(MakeDirsDurably(fs_, "/d"));
  ASSERT_OK(WriteFileDurably(fs_, "/d/f", "ab"));
  ASSERT_OK(fs_.Link("/d/f", "/d/g"));
  ASSERT_OK(fs_.Symlink("d", "/current"));
  ASSERT_OK(fs_.Truncate("/d/f", 1));
  ASSERT_OK(fs_.RemoveFile("/d/g"));
  { ASSERT_OK_AND_ASSIGN(const std::unique_ptr<FileLock> lock, fs_.Lock("/LOCK")); }
  ASSERT_OK(RemoveTreeDurably(fs_, "/d"));
  EXPECT_THAT(
      fs_.trace(),
      ElementsAre("mkdir /d", "syncdir /", "create /d/f-tmp", "append /d/f-tmp", "sync /d/f-tmp",
                  "close /d/f-tmp", "rename /d/f-tmp -> /d/f", "syncdir /d", "link /d/f -> /d/g",
                  "symlink /current -> d", "truncate /d/f", "removefile /d/g", "lock /LOCK",
                  "removefile /d/f", "removedir /d", "syncdir /"));
  EXPECT_EQ(fs_.calls(), fs_.trace().size());
  EXPECT_EQ(fs_.faults(), 0);
}

TEST_F(FaultFileSystemTest, CountsWhatTheFilterSays) {
  fs_.SetCounted([](const FsCall& call) { return call.op == FsOp::kStat; });
  ASSERT_OK(WriteFileDurably(fs_, "/f", "ab"));
  ASSERT_OK(fs_.Stat("/f"));
  EXPECT_THAT(fs_.trace(), ElementsAre("stat /f"));
}

TEST_F(FaultFileSystemTest, FailsOneCallWithoutTouchingTheDisk) {
  FaultRule rule;
  rule.op = FsOp::kMakeDir;
  rule.error_number = ENOSPC;
  fs_.AddRule(rule);
  EXPECT_THAT(fs_.MakeDir("/d"),
              StatusIs(StatusCode::kResourceExhausted, HasSubstr("mkdir /d: No space left")));
  EXPECT_FALSE(*Exists(disk_, "/d"));
  EXPECT_OK(fs_.MakeDir("/d"));
  EXPECT_THAT(fs_.trace(), ElementsAre("mkdir /d (fault)", "mkdir /d"));
  EXPECT_EQ(fs_.faults(), 1);
}

TEST_F(FaultFileSystemTest, FailsForeverUntilTheRulesAreCleared) {
  FaultRule rule;
  rule.times = FaultRule::kForever;
  rule.error = Internal("injected");
  fs_.AddRule(rule);
  EXPECT_THAT(fs_.MakeDir("/d"), StatusIs(StatusCode::kInternal, "injected"));
  EXPECT_THAT(fs_.List("/"), StatusIs(StatusCode::kInternal, "injected"));
  fs_.ClearRules();
  EXPECT_OK(fs_.MakeDir("/d"));
}

TEST_F(FaultFileSystemTest, MatchesPathOccurrenceAndIndex) {
  FaultRule by_path;
  by_path.path_contains = "bad";
  by_path.times = 2;
  fs_.AddRule(by_path);
  FaultRule by_occurrence;
  by_occurrence.op = FsOp::kSyncDir;
  by_occurrence.skip = 1;
  fs_.AddRule(by_occurrence);
  FaultRule by_index;
  by_index.from_index = 6;
  fs_.AddRule(by_index);
  EXPECT_OK(fs_.MakeDir("/good"));
  EXPECT_FALSE(fs_.MakeDir("/bad").ok());
  EXPECT_FALSE(fs_.Rename("/good", "/bad").ok());
  EXPECT_OK(fs_.SyncDir("/"));
  EXPECT_FALSE(fs_.SyncDir("/").ok());
  EXPECT_OK(fs_.SyncDir("/"));
  EXPECT_OK(fs_.List("/"));  // not counted, so it has no index
  EXPECT_FALSE(fs_.SyncDir("/").ok());
  EXPECT_OK(fs_.SyncDir("/"));
}

TEST_F(FaultFileSystemTest, HooksCallsOnHandles) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<WritableFile> file, fs_.Create("/f"));
  ASSERT_OK(file->Append("ab"));
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<RandomAccessFile> reader, fs_.OpenRead("/f"));
  FaultRule rule;
  rule.times = FaultRule::kForever;
  fs_.AddRule(rule);
  char byte = 0;
  EXPECT_THAT(file->Append("cd"), StatusIs(StatusCode::kUnknown, HasSubstr("append /f")));
  EXPECT_THAT(file->Sync(), StatusIs(StatusCode::kUnknown, HasSubstr("sync /f")));
  EXPECT_THAT(file->StartWriteback(), StatusIs(StatusCode::kUnknown, HasSubstr("writeback /f")));
  EXPECT_THAT(reader->Read(0, 1, &byte), StatusIs(StatusCode::kUnknown, HasSubstr("read /f")));
  EXPECT_THAT(reader->Size(), StatusIs(StatusCode::kUnknown, HasSubstr("size /f")));
  EXPECT_THAT(file->Close(), StatusIs(StatusCode::kUnknown, HasSubstr("close /f")));
  EXPECT_EQ(Read("/f"), "ab");
  EXPECT_EQ(disk_.OpenHandles(), 1);  // the failed close has closed the file
}

TEST_F(FaultFileSystemTest, FailsEveryKindOfCall) {
  FaultRule rule;
  rule.times = FaultRule::kForever;
  fs_.AddRule(rule);
  const std::string before = TreeDigest(disk_, "/");
  const std::vector<Status> statuses = {fs_.Create("/f").status(),   fs_.OpenAppend("/f").status(),
                                        fs_.OpenRead("/f").status(), fs_.Truncate("/f", 0),
                                        fs_.Link("/f", "/g"),        fs_.Symlink("/f", "/g"),
                                        fs_.ReadLink("/g").status(), fs_.Rename("/f", "/g"),
                                        fs_.RemoveFile("/f"),        fs_.RemoveDir("/d"),
                                        fs_.MakeDir("/d"),           fs_.List("/").status(),
                                        fs_.Stat("/f").status(),     fs_.SyncDir("/"),
                                        fs_.Lock("/LOCK").status(),  fs_.FreeBytes("/").status()};
  for (const Status& status : statuses) {
    EXPECT_THAT(status, StatusIs(StatusCode::kUnknown, HasSubstr("(EIO)")));
  }
  EXPECT_EQ(fs_.faults(), statuses.size());
  EXPECT_EQ(TreeDigest(disk_, "/"), before);
}

TEST_F(FaultFileSystemTest, AShortAppendWritesTheFirstHalf) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<WritableFile> file, fs_.Create("/f"));
  FaultRule rule;
  rule.effect = FaultRule::Effect::kShortAppend;
  rule.op = FsOp::kAppend;
  rule.error_number = ENOSPC;
  fs_.AddRule(rule);
  EXPECT_THAT(file->Append("abcdef"), StatusIs(StatusCode::kResourceExhausted));
  EXPECT_EQ(Read("/f"), "abc");
}

TEST_F(FaultFileSystemTest, ALyingSyncReturnsOkAndDoesNothing) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<WritableFile> file, fs_.Create("/f"));
  ASSERT_OK(file->Append("ab"));
  for (const FsOp op : {FsOp::kSync, FsOp::kSyncDir}) {
    FaultRule rule;
    rule.op = op;
    rule.effect = FaultRule::Effect::kLie;
    fs_.AddRule(rule);
  }
  EXPECT_OK(file->Sync());
  EXPECT_OK(fs_.SyncDir("/"));
  EXPECT_FALSE(*Exists(*disk_.Crash(CrashMode::kDropUnsynced, 0), "/f"));
  EXPECT_OK(fs_.SyncDir("/"));
  EXPECT_EQ(*ReadFile(*disk_.Crash(CrashMode::kDropUnsynced, 0), "/f", 10), "");
  EXPECT_OK(file->Sync());
  EXPECT_EQ(*ReadFile(*disk_.Crash(CrashMode::kDropUnsynced, 0), "/f", 10), "ab");
}

TEST_F(FaultFileSystemTest, ARetriedSyncReportsSuccessAndHasLostTheBytes) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<WritableFile> file, fs_.Create("/f"));
  ASSERT_OK(fs_.SyncDir("/"));
  ASSERT_OK(file->Append("ab"));
  FaultRule rule;
  rule.op = FsOp::kSync;
  fs_.AddRule(rule);
  EXPECT_THAT(file->Sync(), StatusIs(StatusCode::kUnknown, HasSubstr("EIO")));
  EXPECT_OK(file->Sync());
  EXPECT_EQ(Read("/f"), "ab");
  EXPECT_EQ(*ReadFile(*disk_.Crash(CrashMode::kDropUnsynced, 0), "/f", 10), "");
}

TEST_F(FaultFileSystemTest, ACrashStopsEverythingFromItsCallOn) {
  fs_.CrashAt(2);
  ASSERT_OK(fs_.MakeDir("/a"));
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<WritableFile> file, fs_.Create("/f"));
  EXPECT_EQ(fs_.crashed_call(), std::nullopt);
  EXPECT_THAT(file->Append("ab"), StatusIs(StatusCode::kUnavailable, "crashed"));
  EXPECT_THAT(fs_.MakeDir("/b"), StatusIs(StatusCode::kUnavailable, "crashed"));
  EXPECT_THAT(fs_.List("/"), StatusIs(StatusCode::kUnavailable, "crashed"));
  ASSERT_TRUE(fs_.crashed_call().has_value());
  EXPECT_EQ(ToString(*fs_.crashed_call()), "append /f");
  EXPECT_EQ(Read("/f"), "");
  EXPECT_FALSE(*Exists(disk_, "/b"));
}

TEST_F(FaultFileSystemTest, ACrashMayTearItsAppend) {
  fs_.CrashAt(1, /*half_append=*/true);
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<WritableFile> file, fs_.Create("/f"));
  EXPECT_THAT(file->Append("abcd"), StatusIs(StatusCode::kUnavailable, "crashed"));
  EXPECT_EQ(Read("/f"), "ab");
}

TEST_F(FaultFileSystemTest, TheHookSeesEveryCallAndMayFailIt) {
  std::vector<std::string> seen;
  fs_.SetHook([&seen](const FsCall& call) {
    seen.push_back(ToString(call));
    return call.op == FsOp::kRename ? Internal("no") : OkStatus();
  });
  EXPECT_THAT(fs_.List("/"), IsOk());
  EXPECT_THAT(fs_.Rename("/f", "/g"), StatusIs(StatusCode::kInternal, "no"));
  EXPECT_THAT(seen, ElementsAre("list /", "rename /f -> /g"));
}

}  // namespace
}  // namespace flatkv
