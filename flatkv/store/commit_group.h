// Versions that are in the changelog and not yet acknowledged: one sync will cover them all. Until
// then no reader sees anything of them; only the versions that are committed after them in the same
// group find their rows here.
//
// Thread safety: the committing thread; `rows()` may be read by the threads that process the rows
// of the next version.
#pragma once

#include <cstdint>
#include <vector>

#include "flatkv/base/types.h"
#include "flatkv/lthash/lthash.h"
#include "flatkv/store/overlay.h"
#include "flatkv/store/pending_version.h"

namespace flatkv {

class CommitGroup {
 public:
  // A group is synced at the latest when it holds so much: what a sync costs is then its bytes.
  static constexpr uint64_t kLogBytesMax = uint64_t{4} << 20;
  static constexpr size_t kVersionsMax = 256;

  bool empty() const { return logged_.empty(); }
  bool full() const { return log_bytes_ >= kLogBytesMax || logged_.size() >= kVersionsMax; }
  // REQUIRES: !empty(), as the next two.
  Version last() const { return logged_.back().version; }
  // The global hash after last().
  const LtHash& global() const { return global_; }
  // The rows of all of them, the newest of each key.
  Overlay& rows();

  // `version` is last() + 1, or any if empty; `global` the hash after it.
  void Add(PendingVersion version, const LtHash& global);
  // In order.
  std::vector<PendingVersion>& logged() { return logged_; }
  void Clear();

 private:
  std::vector<PendingVersion> logged_;
  uint64_t log_bytes_ = 0;
  LtHash global_;
  Overlay rows_;
  size_t shown_ = 0;  // how many of logged_ rows_ has; the last of a group never gets there
};

}  // namespace flatkv
