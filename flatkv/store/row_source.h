// The rows of the four data DBs at one fixed version, for views and verification.
//
// Thread safety: Get and NewIterator from any thread; an iterator by one thread at a time. Every
// iterator goes before its source.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "flatkv/base/mutex.h"
#include "flatkv/store/data_dbs.h"

namespace flatkv {

class RowSource {
 public:
  virtual ~RowSource() = default;
  // Physical key to stored row; false if there is none.
  virtual StatusOr<bool> Get(DataDb db, std::string_view key, std::string* row) = 0;
  virtual std::unique_ptr<KvIterator> NewIterator(DataDb db) = 0;
};

// The rows of data DBs that nobody writes. `dbs` outlives the source.
std::unique_ptr<RowSource> NewStillSource(DataDbs& dbs);

// The rows of data DBs that are written further, as they are now: one iterator of each DB is held
// and shared. (A leveldb::Snapshot would give wrong rows; an iterator is safe.) `dbs` outlives the
// source. REQUIRES: no write goes on while this is called.
std::unique_ptr<RowSource> NewHeldSource(DataDbs& dbs);

// `rows` with `undo` laid over it; takes over both. Metadata rows are not undone.
std::unique_ptr<RowSource> NewUndoneSource(std::unique_ptr<RowSource> rows, Undo undo);

}  // namespace flatkv
