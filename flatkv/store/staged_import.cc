#include "flatkv/store/staged_import.h"

#include <fmt/format.h>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/snapshot/store_swap.h"
#include "flatkv/store/snapshot_catalog.h"

namespace flatkv {

StagedImport::StagedImport(FileSystem& fs, Logger& logger, const ImportOptions& options,
                           Source source)
    : fs_(fs),
      logger_(logger),
      options_(options),
      source_(std::move(source)),
      hasher_(source_.manifest.state.suite),
      sums_(source_.manifest.state) {}

StatusOr<std::unique_ptr<StagedImport>> StagedImport::Begin(FileSystem& fs, Logger& logger,
                                                            const ImportOptions& options,
                                                            Source source) {
  std::unique_ptr<StagedImport> import(new StagedImport(fs, logger, options, std::move(source)));
  RETURN_IF_ERROR(import->Lock());
  const BuilderOptions builder{import->source_.manifest.state,
                               import->source_.manifest.initial_version, options.build};
  ASSIGN_OR_RETURN(
      import->builder_,
      StoreBuilder::Open(fs, logger, StagingPath(options.home, import->source_.operation_id),
                         builder));
  return import;
}

Status StagedImport::Lock() {
  const std::string store = JoinPath(options_.home, kStoreName);
  const std::string staging = StagingPath(options_.home, source_.operation_id);
  ASSIGN_OR_RETURN(const bool has_store, Exists(fs_, store));
  if (has_store && !options_.replace) {
    return WithReason(
        FailedPrecondition(fmt::format("{} to {}: there is a store; --replace sets it aside",
                                       source_.operation, options_.home)),
        Reason::kConfirmationNeeded);
  }
  if (has_store) {
    ASSIGN_OR_RETURN(store_lock_, fs_.Lock(JoinPath(store, kLockName)));
    ASSIGN_OR_RETURN(replaced_store_id_, StoreIdAt(fs_, store));
  }
  RETURN_IF_ERROR(MakeDirsDurably(fs_, staging));
  ASSIGN_OR_RETURN(staging_lock_, fs_.Lock(JoinPath(staging, kLockName)));
  return OkStatus();
}

bool StagedImport::WantsRows(const ChunkInfo& info) const {
  return info.last_key > builder_->kept_key(info.db);
}

Status StagedImport::Add(const ChunkInfo& info, const ChunkRows& rows) {
  RETURN_IF_ERROR(sums_.Add(info));
  if (WantsRows(info)) {
    RETURN_IF_ERROR(builder_->Add(info.db, rows.rows));
  } else {
    kept_rows_ += info.rows;
    bool& met = kept_key_met_[IndexOf(info.db)];
    met = met || info.last_key == builder_->kept_key(info.db);
  }
  ++done_.chunks;
  done_.rows += info.rows;
  done_.bytes += info.bytes;
  return OkStatus();
}

StoreState StagedImport::State() const {
  StoreState state;
  for (const DataDb db : kAllDataDbs) {
    DbState& db_state = state[IndexOf(db)];
    for (const auto& [name, sum] : sums_.dbs()[IndexOf(db)]) {
      const ModuleState module{sum.hash, sum.rows, sum.bytes};
      db_state.modules[name] = module;
      db_state.total += module;
    }
  }
  return state;
}

StatusOr<ImportResult> StagedImport::Finish() {
  RETURN_IF_ERROR(sums_.Check(source_.manifest, hasher_));
  for (const DataDb db : kAllDataDbs) {
    if (!builder_->kept_key(db).empty() && !kept_key_met_[IndexOf(db)]) {
      return DataLoss(fmt::format(
          "data DB {} in {} holds rows that are not the archive's: flatkv quarantine rm {}{} "
          "removes it",
          NameOf(db), StagingPath(options_.home, source_.operation_id), kStagingPrefix,
          source_.operation_id));
    }
  }
  RETURN_IF_ERROR(builder_->Finish(State(), source_.payload, source_.manifest.content_digest));
  SwapRecord swap;
  swap.operation = source_.operation;
  swap.operation_id = source_.operation_id;
  swap.reason = source_.reason;
  swap.from_store_id = replaced_store_id_;
  swap.to_store_id = builder_->store_id();
  swap.version = source_.manifest.state.version;
  swap.root = source_.manifest.state.root;
  ImportResult result;
  result.store_id = builder_->store_id();
  builder_.reset();
  // Whoever meets the new store under its name must find it locked until the old one is aside.
  ASSIGN_OR_RETURN(
      const std::unique_ptr<FileLock> lock,
      fs_.Lock(JoinPath(StagedStorePath(options_.home, source_.operation_id), kLockName)));
  ASSIGN_OR_RETURN(result.quarantined, SwapStores(fs_, options_.home, swap, UnixSecondsNow()));
  result.state = source_.manifest.state;
  result.rows = done_.rows;
  result.bytes = done_.bytes;
  result.kept_rows = kept_rows_;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  logger_.Log(LogLevel::kInfo, "import.done",
              fmt::format("{} of version {}: {} rows, {} bytes, {:.2f} s", source_.operation,
                          result.state.version, result.rows, result.bytes, result.seconds));
  return result;
}

}  // namespace flatkv
