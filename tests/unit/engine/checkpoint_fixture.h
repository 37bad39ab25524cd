// A test with one data DB whose file calls can be stopped and failed, and its checkpoint.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "tests/support/fault_file_system.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/engine/checkpoint_files.h"

namespace flatkv::test {

inline constexpr char kPath[] = "/db";
inline constexpr char kCheckpoint[] = "/checkpoint";

// Stops LevelDB's background thread before one file call.
class Stop {
 public:
  // Stops the next call with this operation and path.
  void Set(FsOp op, const std::string& path_contains) {
    const std::lock_guard<std::mutex> lock(mu_);
    op_ = op;
    path_contains_ = path_contains;
    state_ = kSet;
  }
  void AwaitReached() {
    std::unique_lock<std::mutex> lock(mu_);
    changed_.wait(lock, [this] { return state_ == kReached; });
  }
  void Open() {
    const std::lock_guard<std::mutex> lock(mu_);
    state_ = kOpen;
    changed_.notify_all();
  }
  Status OnCall(const FsCall& call) {
    std::unique_lock<std::mutex> lock(mu_);
    if (state_ == kSet && call.op == op_ && call.path.find(path_contains_) != std::string::npos) {
      state_ = kReached;
      changed_.notify_all();
      changed_.wait(lock, [this] { return state_ == kOpen; });
    }
    return OkStatus();
  }

 private:
  enum State { kOpen, kSet, kReached };
  std::mutex mu_;
  std::condition_variable changed_;
  State state_ = kOpen;
  FsOp op_ = FsOp::kSync;
  std::string path_contains_;
};

class CheckpointTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs_.SetHook([this](const FsCall& call) { return stop_.OnCall(call); });
    ASSERT_OK(fs_.MakeDir(kCheckpoint));
    ASSERT_OK_AND_ASSIGN(engine_, Open());
  }
  StatusOr<std::unique_ptr<KvEngine>> Open() {
    return OpenLevelDbEngine(fs_, threads_, NullLogger(), kPath, SmallOptions());
  }
  void Write(size_t rows = 20) {
    const Changes& changes = history_.Extend(rows);
    ASSERT_OK(WriteChanges(*engine_, changes, history_.head()));
  }
  // Enough for compactions whose inputs are obsolete afterwards.
  void Churn() {
    for (int flush = 0; flush < 20; ++flush) {
      Write(200);
      ASSERT_OK(engine_->Flush());
    }
  }
  void ExpectCheckpoint(Version version) {
    ASSERT_OK_AND_ASSIGN(const Rows rows, RowsOfCheckpoint(disk_, kCheckpoint, "/clone"));
    EXPECT_EQ(rows, history_.At(version));
  }
  // So far, tables and MANIFESTs only.
  size_t Removals() {
    size_t count = 0;
    for (const std::string& call : fs_.trace()) {
      if (call.starts_with("removefile") && call.find(".log") == std::string::npos) {
        ++count;
      }
    }
    return count;
  }
  void Fail(FsOp op, const std::string& path_contains, int error_number = EIO) {
    FaultRule rule;
    rule.op = op;
    rule.path_contains = path_contains;
    rule.times = FaultRule::kForever;
    rule.error_number = error_number;
    fs_.AddRule(rule);
  }

  MemFileSystem disk_;
  FaultFileSystem fs_{disk_};
  Stop stop_;
  BackgroundThreads threads_{1};
  History history_{51};
  std::unique_ptr<KvEngine> engine_;
};

}  // namespace flatkv::test
