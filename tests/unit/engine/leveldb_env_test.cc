// What reaches the disk in which order.
#include "flatkv/engine/leveldb_env.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "tests/support/crash_sweep.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/engine/engine_session.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;

constexpr char kPath[] = "/db";

class LevelDbEnvTest : public ::testing::Test {
 protected:
  StatusOr<std::unique_ptr<KvEngine>> Open() {
    return OpenLevelDbEngine(fs_, threads_, NullLogger(), kPath, options_);
  }
  // Positions of the calls in the trace that contain `text`.
  std::vector<size_t> Find(const std::string& text) {
    std::vector<size_t> found;
    const std::vector<std::string> trace = fs_.trace();
    for (size_t i = 0; i < trace.size(); ++i) {
      if (trace[i].find(text) != std::string::npos) {
        found.push_back(i);
      }
    }
    return found;
  }

  MemFileSystem disk_;
  FaultFileSystem fs_{disk_};
  BackgroundThreads threads_{1};
  LevelDbEngineOptions options_ = SmallOptions();
  const Script script_{301, 40, 60};
};

TEST_F(LevelDbEnvTest, TheChangelogIsSyncedBeforeAnyByteOfTheFlushedManifestRecord) {
  options_.before_flush_is_durable = [this] { return fs_.SyncDir("/"); };
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  const size_t opened = fs_.trace().size();
  EXPECT_EQ(Find("syncdir /").size(), Find("syncdir /db").size() + 1) << "called while opening";
  ASSERT_OK(WriteChanges(*engine, script_.batches[0], 1));
  EXPECT_EQ(fs_.trace().size(), opened) << "a write alone touches no file";
  ASSERT_OK(engine->Flush());
  ASSERT_OK(engine->Close());

  const std::vector<std::string> trace = fs_.trace();
  std::vector<std::string> flush(trace.begin() + static_cast<std::ptrdiff_t>(opened), trace.end());
  EXPECT_THAT(flush, ::testing::ElementsAre(
                         "create /db/000004.log", "close /db/000004.log", "create /db/000005.ldb",
                         "append /db/000005.ldb", "sync /db/000005.ldb", "syncdir /db",
                         "close /db/000005.ldb", "syncdir /", "append /db/MANIFEST-000002",
                         "sync /db/MANIFEST-000002", "removefile /db/000003.log"));
}

TEST_F(LevelDbEnvTest, AFailedChangelogSyncFailsTheFlushAndPoisons) {
  int calls = 0;
  options_.before_flush_is_durable = [&calls] {
    ++calls;
    return ErrnoStatus("fdatasync", "/wal", ENOSPC);
  };
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  ASSERT_OK(WriteChanges(*engine, script_.batches[0], 1));
  EXPECT_THAT(engine->Flush(), StatusIs(StatusCode::kResourceExhausted, HasSubstr("/wal")));
  EXPECT_EQ(engine->FlushedVersion(), 0);
  EXPECT_THAT(WriteChanges(*engine, script_.batches[1], 2),
              StatusIs(StatusCode::kResourceExhausted));
  EXPECT_THAT(engine->Flush(), StatusIs(StatusCode::kResourceExhausted));
  EXPECT_EQ(calls, 1);
  ASSERT_OK_AND_ASSIGN(const Rows rows, ReadAll(*engine));
  EXPECT_EQ(rows, script_.At(1));
  ASSERT_OK(engine->Close());

  options_.before_flush_is_durable = nullptr;
  ASSERT_OK_AND_ASSIGN(engine, Open());
  ASSERT_OK_AND_ASSIGN(const Rows reopened, ReadAll(*engine));
  EXPECT_EQ(reopened, script_.At(0));
}

TEST_F(LevelDbEnvTest, TheChangelogIsSyncedInEveryFlushAndNotWhileOpening) {
  std::atomic<int> calls = 0;
  options_.before_flush_is_durable = [&calls] {
    ++calls;
    return OkStatus();
  };
  for (Version version = 1; version <= 40; ++version) {
    calls = 0;
    ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
    ASSERT_OK(WriteChanges(*engine, script_.batches[static_cast<size_t>(version - 1)], version));
    EXPECT_EQ(calls, 0);
    ASSERT_OK(engine->Flush());
    EXPECT_GE(calls, 1);
    ASSERT_OK(engine->Close());
  }
}

TEST_F(LevelDbEnvTest, NothingIsChangedAfterAFailedWrite) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  FaultRule rule;
  rule.op = FsOp::kSync;
  rule.path_contains = "MANIFEST";
  fs_.AddRule(rule);
  ASSERT_OK(WriteChanges(*engine, script_.batches[0], 1));
  EXPECT_THAT(engine->Flush(), StatusIs(StatusCode::kUnknown, HasSubstr("MANIFEST")));
  ASSERT_OK(engine->Close());
  const std::vector<size_t> failed = Find("(fault)");
  ASSERT_EQ(failed.size(), 1u);
  // What still comes gives up handles; it changes no file.
  for (size_t i = failed.front() + 1; i < fs_.trace().size(); ++i) {
    EXPECT_THAT(fs_.trace()[i], ::testing::StartsWith("close "));
  }
}

TEST_F(LevelDbEnvTest, AFailedListingEndsAWaitingFlush) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  FaultRule rule;
  rule.op = FsOp::kList;
  fs_.AddRule(rule);
  ASSERT_OK(WriteChanges(*engine, script_.batches[0], 1));
  EXPECT_THAT(engine->Flush(), StatusIs(StatusCode::kUnknown, HasSubstr("list")));
  EXPECT_FALSE(engine->Flush().ok());
  ASSERT_OK(engine->Close());
}

TEST_F(LevelDbEnvTest, AFailedReadDoesNotPoison) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  ASSERT_OK(WriteChanges(*engine, script_.batches[0], 1));
  ASSERT_OK(engine->Flush());
  FaultRule rule;
  rule.op = FsOp::kRead;
  rule.error_number = EIO;
  fs_.AddRule(rule);
  std::string value;
  EXPECT_THAT(engine->Get(kVersionKey, &value), StatusIs(StatusCode::kUnknown, HasSubstr("EIO")));
  ASSERT_OK_AND_ASSIGN(const bool found, engine->Get(kVersionKey, &value));
  EXPECT_TRUE(found);
  EXPECT_EQ(value, "1");
  ASSERT_OK(WriteChanges(*engine, script_.batches[1], 2));
  ASSERT_OK(engine->Flush());
  ASSERT_OK(engine->Close());
}

TEST(LevelDbEnv, NoSyncCanBeLeftOut) {
  const Script script(302, 8, 30);
  Session session(script);
  CrashSweep sweep;
  sweep.setup = [&](MemFileSystem& disk) { return Session(script).Run(disk, kPath, 4, 2); };
  sweep.operation = [&](FileSystem& fs) { return session.Run(fs, kPath, 8, 2); };
  sweep.check = [&](MemFileSystem& disk, const SweepPoint&) {
    Version found = 0;
    return CheckDb(disk, kPath, script, std::max<Version>(4, session.flushed), &found);
  };
  sweep.seeds = 8;
  const std::vector<SyncAblation> ablations = RunSyncAblation(sweep);
  EXPECT_GE(ablations.size(), 10u);
  for (const SyncAblation& ablation : ablations) {
    EXPECT_GT(ablation.result.failures, 0u) << ablation.call << " makes no difference";
  }
}

}  // namespace
}  // namespace flatkv::test
