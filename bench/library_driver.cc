#include "bench/library_driver.h"

#include <utility>

#include "flatkv/base/allocator.h"

namespace flatkv::bench {
namespace {

class LibraryDriver final : public CommitDriver {
 public:
  LibraryDriver(std::unique_ptr<Store> store, OnCommitted on_committed)
      : store_(std::move(store)), on_committed_(std::move(on_committed)) {}

  bool in_process() const override { return true; }
  StatusOr<StoreInfo> Info() override { return store_->Info(); }

  Status Commit(Version version, const Block& block) override {
    CommittedBlock committed;
    committed.start = Clock::now();
    ASSIGN_OR_RETURN(const CommitResult result, store_->CommitBlock(version, block.changes));
    committed.end = Clock::now();
    committed.version = result.version;
    committed.root = result.root;
    committed.updates = block.updates;
    committed.timings = result.timings;
    on_committed_(committed);
    return OkStatus();
  }

  Status Drain() override { return OkStatus(); }
  std::optional<ProcessUsage> Usage() override { return ReadProcessUsage(); }

  StatusOr<nlohmann::json> Facts() override {
    const StoreInfo info = store_->Info();
    const StoreStats stats = store_->Stats();
    const SnapshotActivity snapshots = store_->admin().Retention().activity;
    return nlohmann::json{
        {"suite", SuiteName(info.suite)},       {"kernel", stats.hash_kernel},
        {"allocator", AllocatorName()},         {"snapshots", snapshots.taken},
        {"snapshots_failed", snapshots.failed}, {"last_snapshot_ms", snapshots.last_seconds * 1e3}};
  }

  Status Close() override { return store_->Close(); }

 private:
  const std::unique_ptr<Store> store_;
  const OnCommitted on_committed_;
};

}  // namespace

StatusOr<std::unique_ptr<CommitDriver>> NewLibraryDriver(FileSystem& fs, const std::string& home,
                                                         const StoreOptions& options,
                                                         OnCommitted on_committed) {
  ASSIGN_OR_RETURN(std::unique_ptr<Store> store, Store::Open(fs, NullLogger(), home, options));
  return std::make_unique<LibraryDriver>(std::move(store), std::move(on_committed));
}

}  // namespace flatkv::bench
