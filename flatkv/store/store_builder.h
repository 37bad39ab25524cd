// Makes a whole store out of the rows of one state, which come sorted: the data DBs first, then
// what makes them a store that opens at the state's version (docs/durability.md, "Import"). What is
// on disk when the process dies is kept: the next builder in the same place says how far each data
// DB came.
//
// The rows are checked by whoever gives them; that they give the root is checked by opening the
// store.
//
// Thread safety: none; one thread at a time.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "flatkv/archive/chunk.h"
#include "flatkv/base/logger.h"
#include "flatkv/base/status.h"
#include "flatkv/engine/background_threads.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/store/data_dbs.h"
#include "flatkv/store/identity.h"
#include "flatkv/store/state_hash.h"

namespace flatkv {

struct BuilderOptions {
  ArchiveState state;
  Version initial_version = 1;
  std::string build;  // of the program, for the snapshot
};

class StoreBuilder {
 public:
  // Begins, or goes on with, the store <home>/flatkv; the directory is nobody else's. `fs` and
  // `logger` outlive the builder. Errors: kFailedPrecondition if another store is there.
  static StatusOr<std::unique_ptr<StoreBuilder>> Open(FileSystem& fs, Logger& logger,
                                                      std::string home,
                                                      const BuilderOptions& options);
  // Nothing more is written: what was begun is gone on with later.
  ~StoreBuilder();

  const std::string& store_id() const { return identity_.store_id; }
  // The last row that the data DB had when the builder was opened: rows up to it, added in the same
  // portions as before, are there and not to be added again. Empty: none.
  const std::string& kept_key(DataDb db) const { return kept_keys_[IndexOf(db)]; }

  // The next rows of a data DB, all or none of them durable later. Ascending, above those added
  // before; the data DBs one after the other.
  Status Add(DataDb db, std::span<const ChunkRow> rows);

  // What the rows of `state` hash to, and the changelog record of the version. The store is then
  // whole, durable, has a snapshot and is closed. Errors: kDataLoss with Reason::kRootMismatch.
  Status Finish(const StoreState& state, std::string_view payload, const Digest& content_digest);

 private:
  StoreBuilder(FileSystem& fs, Logger& logger, std::string home, const BuilderOptions& options);

  Status Prepare();
  Status OpenDbs();
  Status WriteMetadata(const StoreState& state);
  Status WriteChangelog(std::string_view payload, const Digest& content_digest);
  // Opens the store once, as whoever uses it will.
  Status ProveStore();

  FileSystem& fs_;
  Logger& logger_;
  const std::string home_;
  const std::string directory_;  // the store's
  const BuilderOptions options_;
  Identity identity_;
  std::array<std::string, kDataDbs> kept_keys_;
  std::array<bool, kDataDbs> has_metadata_{};
  std::optional<DataDb> filling_;
  std::unique_ptr<BackgroundThreads> background_;
  std::unique_ptr<DataDbs> dbs_;
};

}  // namespace flatkv
