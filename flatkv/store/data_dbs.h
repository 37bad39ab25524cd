// The four data DBs of a store directory, with the metadata that each carries.
//
// Thread safety: operator[] from any thread (KvEngine has its own rules); the rest from one thread
// at a time.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>

#include "flatkv/base/logger.h"
#include "flatkv/base/status.h"
#include "flatkv/codec/data_db.h"
#include "flatkv/engine/background_threads.h"
#include "flatkv/engine/block_cache.h"
#include "flatkv/engine/kv_engine.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/store/state_hash.h"
#include "flatkv/store/store_options.h"
#include "flatkv/store/undo_record.h"
#include "flatkv/store/version_rows.h"

namespace flatkv {

// What a data DB says of itself.
struct LoadedDb {
  Version version = 0;  // 0 when nothing was ever written
  DbState state;
};

// When the compactions that a DB is behind by begin.
enum class CompactionStart { kOpen, kReleased };

class DataDbs {
 public:
  // Opens or creates the DBs in `directory`/{account,code,storage,misc}. `before_flush` runs on a
  // flushing thread before a DB becomes durable at a newer version. Everything passed by reference
  // outlives the result.
  static StatusOr<std::unique_ptr<DataDbs>> Open(FileSystem& fs, BackgroundThreads& threads,
                                                 Logger& logger, const std::string& directory,
                                                 const StoreOptions& options,
                                                 CompactionStart compactions,
                                                 std::function<Status()> before_flush);
  ~DataDbs();

  KvEngine& operator[](DataDb db) { return *engines_[IndexOf(db)]; }

  // Reads a DB's metadata and checks that its modules add up.
  // Errors: kDataLoss with Reason::kDataDbCorrupt.
  StatusOr<LoadedDb> Load(DataDb db);
  // The same from the rows that `rows` walks over.
  static StatusOr<LoadedDb> LoadFrom(DataDb db, KvIterator& rows);
  // Writes rows and metadata of `version` in one atomic batch; `metadata` may be null when no row
  // changed.
  Status Write(DataDb db, Version version, const RowChanges& rows, const DbMetadata* metadata);
  // Takes a DB back to `version` in one atomic batch; `undone` is its state then.
  Status WriteUndo(DataDb db, Version version, const DbUndo& undo, const DbState& undone);
  // Begins what CompactionStart::kReleased holds.
  void ReleaseCompactions();
  // Makes all four durable.
  Status Flush();
  Status Close();
  // Sums of the four.
  EngineStats Stats();
  // The same, and the level 0 of the DB that has most there.
  CompactionDebt Debt();
  // As in Debt, and cheaper.
  uint64_t Level0TablesMost();

 private:
  DataDbs();

  std::shared_ptr<leveldb::Cache> block_cache_;
  std::array<std::unique_ptr<KvEngine>, kDataDbs> engines_;
};

}  // namespace flatkv
