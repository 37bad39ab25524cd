// Snapshots in use: cloned views and verifications that stand on one. A leased snapshot is not
// pruned or removed by command, and the changelog from it on stays. A rollback removes it all the
// same when it is above the target: it ends the views first.
//
// Thread safety: safe for concurrent use. A lease may outlive the table.
#pragma once

#include <map>
#include <memory>
#include <set>

#include "flatkv/base/mutex.h"
#include "flatkv/base/types.h"

namespace flatkv {

class SnapshotLeases {
 public:
  // Released when the last copy goes.
  using Lease = std::shared_ptr<void>;

  SnapshotLeases() : table_(std::make_shared<Table>()) {}

  Lease Take(Version version) {
    {
      MutexLock lock(table_->mu);
      ++table_->counts[version];
    }
    // NOLINTNEXTLINE: the deleter is the release.
    return Lease(nullptr, [table = table_, version](void*) { table->Release(version); });
  }
  std::set<Version> Leased() const {
    MutexLock lock(table_->mu);
    std::set<Version> leased;
    for (const auto& [version, count] : table_->counts) {
      leased.insert(version);
    }
    return leased;
  }
  uint64_t CountOf(Version version) const {
    MutexLock lock(table_->mu);
    const auto it = table_->counts.find(version);
    return it == table_->counts.end() ? 0 : it->second;
  }

 private:
  struct Table {
    void Release(Version version) {
      MutexLock lock(mu);
      const auto it = counts.find(version);
      if (--it->second == 0) {
        counts.erase(it);
      }
    }
    Mutex mu;
    std::map<Version, uint64_t> counts GUARDED_BY(mu);
  };

  std::shared_ptr<Table> table_;
};

}  // namespace flatkv
