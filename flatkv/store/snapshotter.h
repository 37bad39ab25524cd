// Finishes the snapshots that the write-behind thread begins, on a thread of its own: waits for the
// flushes, links the tables, checks the candidate, publishes it and prunes. Commits go on.
//
// A snapshot that fails costs nothing but itself: it is logged, counted and left out.
//
// Thread safety: Begin from the write-behind thread; activity() from any; the rest from one.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "flatkv/base/logger.h"
#include "flatkv/base/mutex.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/lthash/row_hasher.h"
#include "flatkv/store/data_dbs.h"
#include "flatkv/store/identity.h"
#include "flatkv/store/snapshot_catalog.h"
#include "flatkv/store/snapshot_request.h"
#include "flatkv/store/store_options.h"

namespace flatkv {

// What became of the snapshots since the store was opened; outlives the Snapshotters of it.
// Thread safety: safe for concurrent use.
class SnapshotLog {
 public:
  void Began(Version version) EXCLUDES(mu_);
  void Ended(Version version, double seconds, const Status& status) EXCLUDES(mu_);
  // The store stopped meanwhile: neither taken nor failed.
  void Stopped() EXCLUDES(mu_);
  // Without the policy.
  SnapshotActivity Activity() const EXCLUDES(mu_);

 private:
  mutable Mutex mu_;
  SnapshotActivity activity_ GUARDED_BY(mu_);
};

class Snapshotter {
 public:
  struct Context {
    FileSystem& fs;
    Logger& logger;
    std::string directory;  // the store's
    const Identity& identity;
    const StoreOptions& options;
    const RowHasher& hasher;
    SnapshotCatalog& catalog;
    SnapshotLog& log;
    // Called after a snapshot was published and older ones were pruned.
    std::function<void()> on_published;
  };

  // `dbs` and what `context` refers to outlive the object.
  Snapshotter(DataDbs& dbs, Context context);
  // Abandons what is not published.
  ~Snapshotter();
  Snapshotter(const Snapshotter&) = delete;
  Snapshotter& operator=(const Snapshotter&) = delete;

  // Marks the state of the four DBs, which stand at the request's version. Waits while the tables
  // of an earlier snapshot are not linked yet. The request gets its outcome later.
  void Begin(std::shared_ptr<SnapshotRequest> request) EXCLUDES(mu_);

 private:
  void Run() EXCLUDES(mu_);
  StatusOr<SnapshotManifest> Take(const SnapshotRequest& request);
  StatusOr<SnapshotManifest> Build(const SnapshotRequest& request);
  StatusOr<std::vector<SnapshotFile>> LinkTables(const SnapshotRequest& request);
  Status DigestFiles(const SnapshotRequest& request, std::vector<SnapshotFile>* files);
  Status Validate(const SnapshotManifest& manifest, const SnapshotRequest& request);
  void AbandonCheckpoints();
  // Lets the next snapshot begin. What could not be linked must not hold removals back: abandon it.
  void CloseCheckpoint(bool abandon) EXCLUDES(mu_);
  bool Stopping() EXCLUDES(mu_);

  DataDbs& dbs_;
  const Context context_;

  Mutex mu_;
  CondVar changed_;
  std::shared_ptr<SnapshotRequest> next_ GUARDED_BY(mu_);
  // A checkpoint of the DBs is open: from Begin until its tables are linked.
  bool checkpoint_open_ GUARDED_BY(mu_) = false;
  bool stopping_ GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace flatkv
