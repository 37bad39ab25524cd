#include "tests/unit/wal/wal_script.h"

#include <fmt/format.h>

#include "tests/support/fault_file_system.h"
#include "tests/unit/wal/wal_test_util.h"

namespace flatkv::test {
namespace {

std::string Range(const WalScript::Records& records) {
  return records.empty() ? "nothing"
                         : fmt::format("{}..{}", records.begin()->first, records.rbegin()->first);
}

Status ExpectSame(const WalScript::Records& found, const WalScript::Records& expected,
                  std::string_view when) {
  return found == expected ? OkStatus()
                           : Internal(fmt::format("{}: found {}, expected {}", when, Range(found),
                                                  Range(expected)));
}

}  // namespace

Status WalScript::Finish(const Status& status) {
  RETURN_IF_ERROR(status);
  if (pending_.has_value()) {
    committed_ = *std::move(pending_);
    pending_.reset();
  }
  prefixes_allowed_ = false;
  prune_below_ = 0;
  return OkStatus();
}

Status WalScript::Open() {
  ASSIGN_OR_RETURN(wal_, OpenWal(fs_, SmallSegments()));
  ASSIGN_OR_RETURN(const Records found, ReadAll(*wal_));
  RETURN_IF_ERROR(Check(found));
  committed_ = found;
  pending_.reset();
  return OkStatus();
}

Status WalScript::Commit(Version version, uint64_t seed) {
  return CommitGroup(version, version, seed);
}

Status WalScript::CommitGroup(Version first, Version last, uint64_t seed) {
  pending_ = committed_;
  prefixes_allowed_ = true;
  Status status;
  for (Version version = first; version <= last && status.ok(); ++version) {
    (*pending_)[version] = PayloadOf(version, seed);
    status = AppendOnly(*wal_, version, seed);
  }
  if (status.ok()) {
    status = wal_->Sync();
  }
  if (!status.ok() && (AppendOnly(*wal_, wal_->last_version() + 1) != status ||
                       wal_->Sync() != status || wal_->CutAbove(0) != status)) {
    violation_ = Internal("the log went on after " + flatkv::ToString(status));
  }
  if (status.ok()) {
    status = wal_->Acknowledge(last);
  }
  return Finish(status);
}

Status WalScript::AppendAndClose(Version version, uint64_t seed) {
  pending_ = committed_;
  (*pending_)[version] = PayloadOf(version, seed);
  RETURN_IF_ERROR(AppendOnly(*wal_, version, seed));
  return Finish(wal_->Close());
}

Status WalScript::Prune(Version below) {
  prune_below_ = below;
  const Status status = wal_->PruneBelow(below);
  if (status.ok()) {
    committed_.erase(committed_.begin(), committed_.lower_bound(wal_->first_version()));
  }
  return Finish(status);
}

Status WalScript::Cut(Version above) {
  pending_ = committed_;
  pending_->erase(pending_->upper_bound(above), pending_->end());
  return Finish(wal_->CutAbove(above));
}

Status WalScript::Close() { return Finish(wal_->Close()); }

Status WalScript::Check(const Records& found) const {
  if (found == committed_ || found == pending_) {
    return OkStatus();
  }
  if (prefixes_allowed_ && found.size() > committed_.size() && found.size() < pending_->size()) {
    Records prefix = *pending_;
    prefix.erase(prefix.upper_bound(found.rbegin()->first), prefix.end());
    if (found == prefix) {
      return OkStatus();
    }
  }
  if (prune_below_ != 0 && !found.empty() && found.begin()->first <= prune_below_) {
    Records suffix = committed_;
    suffix.erase(suffix.begin(), suffix.lower_bound(found.begin()->first));
    if (found == suffix) {
      return OkStatus();
    }
  }
  return Internal(fmt::format("found {}, acknowledged {}, attempted {}", Range(found),
                              Range(committed_), pending_.has_value() ? Range(*pending_) : "-"));
}

Status CheckRecovery(MemFileSystem& disk, const WalScript& script) {
  RETURN_IF_ERROR(script.violation());
  WalScript::Records found;
  {
    ASSIGN_OR_RETURN(const auto wal, OpenWal(disk, SmallSegments()));
    ASSIGN_OR_RETURN(found, ReadAll(*wal));
    RETURN_IF_ERROR(script.Check(found));
  }
  {
    FaultFileSystem second(disk);
    second.SetCounted([](const FsCall& call) {
      return IsMutating(call.op) && call.op != FsOp::kSync && call.op != FsOp::kSyncDir &&
             call.op != FsOp::kOpenAppend && call.op != FsOp::kClose;
    });
    ASSIGN_OR_RETURN(const auto wal, OpenWal(second, SmallSegments()));
    if (second.calls() != 0) {
      return Internal("the second open changed something: " + second.trace().front());
    }
  }
  const auto after = disk.Crash(CrashMode::kDropUnsynced, 0);
  ASSIGN_OR_RETURN(const auto wal, OpenWal(*after, SmallSegments()));
  ASSIGN_OR_RETURN(const auto again, ReadAll(*wal));
  RETURN_IF_ERROR(ExpectSame(again, found, "after recovery and a power cut"));
  const Version next = found.empty() ? 1 : found.rbegin()->first + 1;
  RETURN_IF_ERROR(Commit(*wal, next, next + 5, 99));
  found.merge(Records(next, next + 5, 99));
  ASSIGN_OR_RETURN(const auto grown, ReadAll(*wal));
  return ExpectSame(grown, found, "after going on");
}

}  // namespace flatkv::test
