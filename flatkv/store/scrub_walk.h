// The parts of a scrub: the files of one snapshot, the rows of one data DB. What is damaged is
// told, not returned.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "flatkv/base/status.h"
#include "flatkv/codec/data_db.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/lthash/row_hasher.h"
#include "flatkv/store/snapshot_catalog.h"
#include "flatkv/store/view.h"

namespace flatkv {

struct ScrubWalkContext {
  FileSystem& fs;
  const RowHasher& hasher;
  SnapshotCatalog& catalog;
  // A view of the head that reads through the store's own data DBs; null while the store is empty.
  std::function<StatusOr<std::shared_ptr<View>>()> open_head;
  // After so many more bytes were read. `go_on` says whether what is read is still there; false:
  // the part ends.
  std::function<bool(uint64_t bytes, const std::function<bool()>& go_on)> pace;
  // One line that names what is damaged.
  std::function<void(const std::string& finding)> find;
};

class ScrubWalk {
 public:
  explicit ScrubWalk(ScrubWalkContext context) : context_(std::move(context)) {}

  // Names and sizes of a snapshot's files, then the digests of those behind `after`, each told to
  // `on_file` when it is done. A snapshot that is not there any more is fine. Errors: kCancelled
  // when the pace says so; those of reading directories.
  Status SnapshotFiles(Version version, const std::string& after,
                       const std::function<void(const std::string& path)>& on_file);
  // Every row of a data DB against its recorded hashes. Errors: kCancelled when the pace says so or
  // a rollback ends the view; those of a view.
  Status Rows(DataDb db);

  // A new pass: everything is read again.
  void Begin() { read_.clear(); }

 private:
  Status CheckFile(Version version, const SnapshotManifest& manifest, const SnapshotFile& file);
  // A finding about a snapshot, unless that is gone or another one by now.
  Status FindInSnapshot(Version version, const std::string& operation_id,
                        const std::string& finding);

  const ScrubWalkContext context_;
  // Files read in this pass by inode: snapshots share them.
  std::map<uint64_t, FileDigest> read_;
};

}  // namespace flatkv
