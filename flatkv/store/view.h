// One open view (StoreView): a row source at its version with what must live as long as it.
//
// Thread safety: safe for concurrent use.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "flatkv/base/mutex.h"
#include "flatkv/store/clone_check.h"
#include "flatkv/store/iterator_registry.h"
#include "flatkv/store/row_source.h"
#include "flatkv/store/snapshot_leases.h"

namespace flatkv {

struct ViewContents {
  Version version = 0;
  Digest root{};
  StoreState state;
  uint64_t memory_bytes = 0;
  std::unique_ptr<RowSource> rows;
  // Of a view that was cloned: its DBs, their directory, and the snapshot it stands on.
  std::unique_ptr<ScratchDbs> clone;
  std::string clone_directory;
  SnapshotLeases::Lease lease;
};

class View final : public StoreView {
 public:
  // `fs` outlives the view's End.
  View(FileSystem& fs, ViewContents contents);
  ~View() override;

  Version version() const override { return version_; }
  Digest root() const override { return root_; }
  StatusOr<ReadResult> Get(std::span<const KeyRef> keys) override EXCLUDES(mu_);
  StatusOr<std::unique_ptr<StoreIterator>> Iterate(const IterateRange& range) override
      EXCLUDES(mu_);

  const StoreState& state() const { return state_; }
  uint64_t memory_bytes() const { return memory_bytes_; }
  bool is_clone() const { return is_clone_; }
  // Whether the view is about to end: a long walk then stops, so that End need not wait for it.
  bool ending() const { return ending_.load(std::memory_order_acquire); }
  // The rows of one DB, for a full walk; `use` must not keep the iterator.
  Status WalkRows(DataDb db, const std::function<Status(KvIterator&)>& use) EXCLUDES(mu_);
  // The same over all four at once, for walks side by side; by IndexOf(db).
  using Iterators = std::array<std::unique_ptr<KvIterator>, kDataDbs>;
  Status WalkAllRows(const std::function<Status(const Iterators&)>& use) EXCLUDES(mu_);
  // Every call from here on fails with `why`; iterators end. Lets go of files. Idempotent.
  void End(const Status& why) EXCLUDES(mu_);

 private:
  const Version version_;
  const Digest root_;
  const StoreState state_;
  const uint64_t memory_bytes_;
  const bool is_clone_;

  FileSystem& fs_;
  std::atomic<bool> ending_{false};
  IteratorRegistry iterators_;
  // Exclusive to end the view.
  SharedMutex mu_;
  ViewContents contents_ GUARDED_BY(mu_);
  Status ended_ GUARDED_BY(mu_);
};

}  // namespace flatkv
