// A snapshot that is due: what the store is at the version, fixed when the version was committed.
// Made by the commit path, carried through the write-behind queue, finished by the Snapshotter.
#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "flatkv/base/mutex.h"
#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/snapshot/snapshot_manifest.h"
#include "flatkv/store/state_hash.h"

namespace flatkv {

class SnapshotRequest {
 public:
  SnapshotRequest(Version at, const Digest& root_at, const Digest& content, StoreState state_at)
      : version(at), root(root_at), content_digest(content), state(std::move(state_at)) {}

  const Version version;
  const Digest root;
  const Digest content_digest;
  const StoreState state;
  const std::chrono::steady_clock::time_point requested = std::chrono::steady_clock::now();

  // The first outcome stays.
  void Finish(StatusOr<SnapshotManifest> outcome) EXCLUDES(mu_) {
    {
      MutexLock lock(mu_);
      if (outcome_.has_value()) {
        return;
      }
      outcome_ = std::move(outcome);
    }
    finished_.NotifyAll();
  }
  StatusOr<SnapshotManifest> Wait() EXCLUDES(mu_) {
    MutexLock lock(mu_);
    while (!outcome_.has_value()) {
      finished_.Wait(mu_);
    }
    return *outcome_;
  }

 private:
  Mutex mu_;
  CondVar finished_;
  std::optional<StatusOr<SnapshotManifest>> outcome_ GUARDED_BY(mu_);
};

}  // namespace flatkv
