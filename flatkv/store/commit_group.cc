#include "flatkv/store/commit_group.h"

#include <utility>

#include "flatkv/wal/wal_format.h"

namespace flatkv {

Overlay& CommitGroup::rows() {
  for (; shown_ < logged_.size(); ++shown_) {
    rows_.Insert(*logged_[shown_].rows);
  }
  return rows_;
}

void CommitGroup::Add(PendingVersion version, const LtHash& global) {
  log_bytes_ += wal_format::kRecordHeaderBytes + version.payload.payload().size();
  logged_.push_back(std::move(version));
  global_ = global;
}

void CommitGroup::Clear() {
  for (size_t i = 0; i < shown_; ++i) {
    rows_.Erase(*logged_[i].rows);
  }
  shown_ = 0;
  logged_.clear();
  log_bytes_ = 0;
}

}  // namespace flatkv
