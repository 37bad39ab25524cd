#include "tests/support/fault_file_system.h"

#include <atomic>
#include <utility>

#include "flatkv/base/check.h"

namespace flatkv::test {

class FaultFileSystem::Writer : public WritableFile {
 public:
  Writer(FaultFileSystem* fs, std::string path, std::unique_ptr<WritableFile> base)
      : fs_(*fs), path_(std::move(path)), base_(std::move(base)) {}

  Status Append(std::string_view data) override {
    const Verdict verdict = fs_.Judge({.op = FsOp::kAppend, .path = path_, .other = ""});
    if (verdict.kind == Verdict::Kind::kPass) {
      return base_->Append(data);
    }
    if (verdict.kind == Verdict::Kind::kShortAppend) {
      RETURN_IF_ERROR(base_->Append(data.substr(0, data.size() / 2)));
    }
    return verdict.error;
  }

  Status Sync() override {
    const Verdict verdict = fs_.Judge({.op = FsOp::kSync, .path = path_, .other = ""});
    if (verdict.kind == Verdict::Kind::kPass && !pages_dropped_.load()) {
      return base_->Sync();
    }
    if (!verdict.error.ok()) {
      pages_dropped_.store(true);
    }
    return verdict.error;
  }

  Status StartWriteback() override {
    const Verdict verdict = fs_.Judge({.op = FsOp::kStartWriteback, .path = path_, .other = ""});
    return verdict.kind == Verdict::Kind::kPass ? base_->StartWriteback() : verdict.error;
  }

  // A failed close has closed the descriptor all the same.
  Status Close() override {
    const Status before = fs_.Before(FsOp::kClose, path_);
    const Status closed = base_->Close();
    return before.ok() ? closed : before;
  }

 private:
  FaultFileSystem& fs_;
  const std::string path_;
  const std::unique_ptr<WritableFile> base_;
  std::atomic<bool> pages_dropped_ = false;
};

class FaultFileSystem::Reader : public RandomAccessFile {
 public:
  Reader(FaultFileSystem* fs, std::string path, std::unique_ptr<RandomAccessFile> base)
      : fs_(*fs), path_(std::move(path)), base_(std::move(base)) {}

  StatusOr<size_t> Read(uint64_t offset, size_t size_bytes, char* buffer) const override {
    RETURN_IF_ERROR(fs_.Before(FsOp::kRead, path_));
    return base_->Read(offset, size_bytes, buffer);
  }
  StatusOr<uint64_t> Size() const override {
    RETURN_IF_ERROR(fs_.Before(FsOp::kSize, path_));
    return base_->Size();
  }

 private:
  FaultFileSystem& fs_;
  const std::string path_;
  const std::unique_ptr<RandomAccessFile> base_;
};

void FaultFileSystem::AddRule(FaultRule rule) {
  FLATKV_CHECK(rule.effect != FaultRule::Effect::kLie || rule.op == FsOp::kSync ||
               rule.op == FsOp::kSyncDir || rule.op == FsOp::kStartWriteback);
  MutexLock lock(mu_);
  rules_.push_back(std::move(rule));
}

void FaultFileSystem::ClearRules() {
  MutexLock lock(mu_);
  rules_.clear();
}

void FaultFileSystem::CrashAt(uint64_t index, bool half_append) {
  MutexLock lock(mu_);
  crash_index_ = index;
  crash_half_append_ = half_append;
}

uint64_t FaultFileSystem::calls() const {
  MutexLock lock(mu_);
  return calls_;
}

std::optional<FsCall> FaultFileSystem::crashed_call() const {
  MutexLock lock(mu_);
  return crashed_call_;
}

uint64_t FaultFileSystem::faults() const {
  MutexLock lock(mu_);
  return faults_;
}

std::vector<std::string> FaultFileSystem::trace() const {
  MutexLock lock(mu_);
  return trace_;
}

FaultFileSystem::Verdict FaultFileSystem::Judge(FsCall call) {
  const bool counted = counted_ ? counted_(call) : IsMutating(call.op);
  const Status hooked = hook_ ? hook_(call) : OkStatus();
  MutexLock lock(mu_);
  if (crashed_call_.has_value()) {
    return {Verdict::Kind::kFail, Unavailable("crashed")};
  }
  if (counted) {
    call.index = calls_++;
  }
  if (counted && crash_index_.has_value() && call.index >= *crash_index_) {
    const bool half = crash_half_append_ && call.op == FsOp::kAppend;
    crashed_call_ = std::move(call);
    return {half ? Verdict::Kind::kShortAppend : Verdict::Kind::kFail, Unavailable("crashed")};
  }
  const Verdict verdict = hooked.ok() ? JudgeByRules(call) : Verdict{Verdict::Kind::kFail, hooked};
  const bool fault = verdict.kind != Verdict::Kind::kPass;
  faults_ += fault ? 1 : 0;
  if (counted) {
    trace_.push_back(ToString(call) + (fault ? " (fault)" : ""));
  }
  return verdict;
}

FaultFileSystem::Verdict FaultFileSystem::JudgeByRules(const FsCall& call) {
  for (FaultRule& rule : rules_) {
    const bool matches = (!rule.op.has_value() || *rule.op == call.op) &&
                         (call.path.find(rule.path_contains) != std::string::npos ||
                          call.other.find(rule.path_contains) != std::string::npos) &&
                         (!rule.from_index.has_value() ||
                          (call.index != FsCall::kNotCounted && call.index >= *rule.from_index));
    if (!matches || rule.times == 0) {
      continue;
    }
    if (rule.skip > 0) {
      --rule.skip;
      continue;
    }
    if (rule.times != FaultRule::kForever) {
      --rule.times;
    }
    if (rule.effect == FaultRule::Effect::kLie) {
      return {Verdict::Kind::kLie, OkStatus()};
    }
    const Status error =
        rule.error.ok() ? ErrnoStatus(FsOpName(call.op), call.path, rule.error_number) : rule.error;
    return {rule.effect == FaultRule::Effect::kShortAppend ? Verdict::Kind::kShortAppend
                                                           : Verdict::Kind::kFail,
            error};
  }
  return {};
}

Status FaultFileSystem::Before(FsOp op, const std::string& path, const std::string& other) {
  return Judge({.op = op, .path = path, .other = other}).error;
}

StatusOr<std::unique_ptr<WritableFile>> FaultFileSystem::Create(const std::string& path) {
  RETURN_IF_ERROR(Before(FsOp::kCreate, path));
  ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, base_.Create(path));
  return std::make_unique<Writer>(this, path, std::move(file));
}

StatusOr<std::unique_ptr<WritableFile>> FaultFileSystem::OpenAppend(const std::string& path) {
  RETURN_IF_ERROR(Before(FsOp::kOpenAppend, path));
  ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, base_.OpenAppend(path));
  return std::make_unique<Writer>(this, path, std::move(file));
}

StatusOr<std::unique_ptr<RandomAccessFile>> FaultFileSystem::OpenRead(const std::string& path) {
  RETURN_IF_ERROR(Before(FsOp::kOpenRead, path));
  ASSIGN_OR_RETURN(std::unique_ptr<RandomAccessFile> file, base_.OpenRead(path));
  return std::make_unique<Reader>(this, path, std::move(file));
}

Status FaultFileSystem::Truncate(const std::string& path, uint64_t size_bytes) {
  RETURN_IF_ERROR(Before(FsOp::kTruncate, path));
  return base_.Truncate(path, size_bytes);
}

Status FaultFileSystem::Link(const std::string& from, const std::string& to) {
  RETURN_IF_ERROR(Before(FsOp::kLink, from, to));
  return base_.Link(from, to);
}

Status FaultFileSystem::Symlink(const std::string& target, const std::string& path) {
  RETURN_IF_ERROR(Before(FsOp::kSymlink, path, target));
  return base_.Symlink(target, path);
}

StatusOr<std::string> FaultFileSystem::ReadLink(const std::string& path) {
  RETURN_IF_ERROR(Before(FsOp::kReadLink, path));
  return base_.ReadLink(path);
}

Status FaultFileSystem::Rename(const std::string& from, const std::string& to) {
  RETURN_IF_ERROR(Before(FsOp::kRename, from, to));
  return base_.Rename(from, to);
}

Status FaultFileSystem::Exchange(const std::string& one, const std::string& other) {
  RETURN_IF_ERROR(Before(FsOp::kExchange, one, other));
  return base_.Exchange(one, other);
}

Status FaultFileSystem::RemoveFile(const std::string& path) {
  RETURN_IF_ERROR(Before(FsOp::kRemoveFile, path));
  return base_.RemoveFile(path);
}

Status FaultFileSystem::RemoveDir(const std::string& path) {
  RETURN_IF_ERROR(Before(FsOp::kRemoveDir, path));
  return base_.RemoveDir(path);
}

Status FaultFileSystem::MakeDir(const std::string& path) {
  RETURN_IF_ERROR(Before(FsOp::kMakeDir, path));
  return base_.MakeDir(path);
}

StatusOr<std::vector<std::string>> FaultFileSystem::List(const std::string& path) {
  RETURN_IF_ERROR(Before(FsOp::kList, path));
  return base_.List(path);
}

StatusOr<FileInfo> FaultFileSystem::Stat(const std::string& path) {
  RETURN_IF_ERROR(Before(FsOp::kStat, path));
  return base_.Stat(path);
}

Status FaultFileSystem::SyncDir(const std::string& path) {
  const Verdict verdict = Judge({.op = FsOp::kSyncDir, .path = path, .other = ""});
  return verdict.kind == Verdict::Kind::kPass ? base_.SyncDir(path) : verdict.error;
}

StatusOr<std::unique_ptr<FileLock>> FaultFileSystem::Lock(const std::string& path) {
  RETURN_IF_ERROR(Before(FsOp::kLock, path));
  return base_.Lock(path);
}

StatusOr<uint64_t> FaultFileSystem::FreeBytes(const std::string& path) {
  RETURN_IF_ERROR(Before(FsOp::kFreeBytes, path));
  return base_.FreeBytes(path);
}

StatusOr<std::unique_ptr<OverlappedReads>> FaultFileSystem::MakeOverlappedReads(size_t tasks_max) {
  return base_.MakeOverlappedReads(tasks_max);
}

}  // namespace flatkv::test
