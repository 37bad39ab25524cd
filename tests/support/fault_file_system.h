// A file system that fails, lies or stops at chosen calls of another one, and writes down what was
// called.
//
// Every call, also on handles made through it, passes one gate before it reaches the disk below.
// The gate counts the mutating calls: the same single-threaded operation has the same indices each
// time, which makes "at call i" a reproducible place. After an injected failure of Sync, later
// Syncs of that handle report success and do nothing, as Linux does once it has dropped the dirty
// pages: retrying is punished, not rewarded.
//
// Thread-safe. The file system below and this one outlive the handles.
#pragma once

#include <cerrno>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/base/mutex.h"
#include "flatkv/fs/file_system.h"
#include "tests/support/fs_call.h"

namespace flatkv::test {

// What happens to the calls that it matches. The first rule that applies wins.
struct FaultRule {
  enum class Effect {
    kFail,         // `error` without touching the disk
    kShortAppend,  // an Append writes the first half, then fails with `error`; other calls just
                   // fail
    kLie,  // a Sync, SyncDir or StartWriteback returns OK and does nothing; REQUIRES: `op` is one
           // of them
  };
  static constexpr uint64_t kForever = UINT64_MAX;

  // Which calls match: any of these may be left open.
  std::optional<FsOp> op;
  std::string path_contains;  // in either path of a Rename, Exchange or Link
  // Counted calls from this index on.
  std::optional<uint64_t> from_index;
  // Of the matching calls, lets the first `skip` pass and then hits `times`.
  uint64_t skip = 0;
  uint64_t times = 1;

  Effect effect = Effect::kFail;
  // Left OK: the failure of the call itself with `error_number`.
  Status error;
  int error_number = EIO;
};

class FaultFileSystem : public FileSystem {
 public:
  // Borrows `base`.
  explicit FaultFileSystem(FileSystem& base) : base_(base) {}

  // Faults.
  void AddRule(FaultRule rule) EXCLUDES(mu_);
  void ClearRules() EXCLUDES(mu_);
  // Called before each call, before the rules, without the mutex; a status that is not OK fails the
  // call. REQUIRES: set before the first call.
  void SetHook(std::function<Status(const FsCall&)> hook) { hook_ = std::move(hook); }
  // From the counted call `index` on every call, reads too, fails with kUnavailable "crashed". With
  // `half_append`, a call that is an Append still writes its first half: a process killed inside
  // write().
  void CrashAt(uint64_t index, bool half_append = false) EXCLUDES(mu_);

  // Counting. The default counts the mutating calls. REQUIRES: set before the first call.
  void SetCounted(std::function<bool(const FsCall&)> counted) { counted_ = std::move(counted); }
  uint64_t calls() const EXCLUDES(mu_);
  // The call at which the crash happened.
  std::optional<FsCall> crashed_call() const EXCLUDES(mu_);
  // How many calls a rule or the hook has failed or lied about.
  uint64_t faults() const EXCLUDES(mu_);
  // The counted calls so far as lines of text, in order; a failed or lying one ends in " (fault)".
  std::vector<std::string> trace() const EXCLUDES(mu_);

  StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path) override;
  StatusOr<std::unique_ptr<WritableFile>> OpenAppend(const std::string& path) override;
  StatusOr<std::unique_ptr<RandomAccessFile>> OpenRead(const std::string& path) override;
  Status Truncate(const std::string& path, uint64_t size_bytes) override;
  Status Link(const std::string& from, const std::string& to) override;
  Status Symlink(const std::string& target, const std::string& path) override;
  StatusOr<std::string> ReadLink(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Exchange(const std::string& one, const std::string& other) override;
  Status RemoveFile(const std::string& path) override;
  Status RemoveDir(const std::string& path) override;
  Status MakeDir(const std::string& path) override;
  StatusOr<std::vector<std::string>> List(const std::string& path) override;
  StatusOr<FileInfo> Stat(const std::string& path) override;
  Status SyncDir(const std::string& path) override;
  StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) override;
  StatusOr<uint64_t> FreeBytes(const std::string& path) override;
  uint64_t DeviceReadsOfThisThread() const override { return base_.DeviceReadsOfThisThread(); }
  uint64_t PageCacheRoom() const override { return base_.PageCacheRoom(); }
  StatusOr<std::unique_ptr<OverlappedReads>> MakeOverlappedReads(size_t tasks_max) override;

 private:
  class Writer;
  class Reader;
  struct Verdict {
    enum class Kind { kPass, kLie, kFail, kShortAppend };
    Kind kind = Kind::kPass;
    Status error;
  };

  // The gate.
  Verdict Judge(FsCall call) EXCLUDES(mu_);
  Verdict JudgeByRules(const FsCall& call) REQUIRES(mu_);
  // The gate for calls that can only pass or fail.
  Status Before(FsOp op, const std::string& path, const std::string& other = "") EXCLUDES(mu_);

  FileSystem& base_;
  std::function<Status(const FsCall&)> hook_;
  std::function<bool(const FsCall&)> counted_;

  mutable Mutex mu_;
  std::vector<FaultRule> rules_ GUARDED_BY(mu_);
  std::optional<uint64_t> crash_index_ GUARDED_BY(mu_);
  bool crash_half_append_ GUARDED_BY(mu_) = false;
  std::optional<FsCall> crashed_call_ GUARDED_BY(mu_);
  uint64_t calls_ GUARDED_BY(mu_) = 0;
  uint64_t faults_ GUARDED_BY(mu_) = 0;
  std::vector<std::string> trace_ GUARDED_BY(mu_);
};

}  // namespace flatkv::test
