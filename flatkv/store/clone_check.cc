#include "flatkv/store/clone_check.h"

#include <fmt/format.h>

#include "flatkv/lthash/row_hasher.h"
#include "flatkv/store/snapshot_base.h"
#include "flatkv/store/store_admin.h"

namespace flatkv {
namespace {

constexpr uint64_t kWriteBufferBytes = uint64_t{1} << 20;
constexpr uint64_t kBlockCacheBytes = uint64_t{4} << 20;

Status WrongState(DataDb db, std::string_view what) {
  return WithReason(DataLoss(fmt::format("data DB {}: {}", NameOf(db), what)),
                    Reason::kSnapshotCorrupt);
}

}  // namespace

ScratchDbs::ScratchDbs() = default;

ScratchDbs::~ScratchDbs() {
  if (dbs_ != nullptr) {
    // Scratch is thrown away: nothing that fails here matters.
    dbs_->Close().IgnoreError();
  }
}

StatusOr<std::unique_ptr<ScratchDbs>> ScratchDbs::Open(FileSystem& fs, Logger& logger,
                                                       const std::string& directory,
                                                       uint64_t write_buffer_bytes) {
  std::unique_ptr<ScratchDbs> scratch(new ScratchDbs());
  scratch->threads_ = std::make_unique<BackgroundThreads>(1);
  StoreOptions options;
  options.write_buffer_bytes = write_buffer_bytes;
  options.block_cache_bytes = kBlockCacheBytes;
  ASSIGN_OR_RETURN(scratch->dbs_, DataDbs::Open(fs, *scratch->threads_, logger, directory, options,
                                                CompactionStart::kOpen, [] { return OkStatus(); }));
  return scratch;
}

Status CheckClone(FileSystem& fs, Logger& logger, const std::string& directory, Version version,
                  const StoreState& state) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ScratchDbs> scratch,
                   ScratchDbs::Open(fs, logger, directory, kWriteBufferBytes));
  for (const DataDb db : kAllDataDbs) {
    ASSIGN_OR_RETURN(const LoadedDb loaded, scratch->dbs().Load(db));
    if (loaded.version != version) {
      return WrongState(
          db, fmt::format("it stands at version {} instead of {}", loaded.version, version));
    }
    if (loaded.state != state[IndexOf(db)]) {
      return WrongState(db, "its recorded hashes are not those of the version");
    }
  }
  return OkStatus();
}

Status ValidateClone(FileSystem& fs, Logger& logger, const std::string& clone_directory) {
  ASSIGN_OR_RETURN(const SnapshotBase base, ReadSnapshotBase(fs, clone_directory));
  const RowHasher hasher(base.suite);
  ASSIGN_OR_RETURN(const std::unique_ptr<ScratchDbs> scratch,
                   ScratchDbs::Open(fs, logger, clone_directory, kWriteBufferBytes));
  for (const DataDb db : kAllDataDbs) {
    ASSIGN_OR_RETURN(const LoadedDb loaded, scratch->dbs().Load(db));
    const std::unique_ptr<KvIterator> rows = scratch->dbs()[db].NewIterator();
    ASSIGN_OR_RETURN(const RowsVerdict verdict,
                     VerifyRowsOf(db, *rows, loaded.state, hasher, [](uint64_t) { return true; }));
    if (!verdict.findings.empty()) {
      return WithReason(DataLoss(verdict.findings.front()), Reason::kSnapshotCorrupt);
    }
  }
  return OkStatus();
}

}  // namespace flatkv
