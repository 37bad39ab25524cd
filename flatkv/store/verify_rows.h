// Recomputes what a data DB says of itself from its rows.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/codec/data_db.h"
#include "flatkv/engine/kv_engine.h"
#include "flatkv/lthash/row_hasher.h"
#include "flatkv/store/state_hash.h"

namespace flatkv {

struct RowsVerdict {
  // One line for each module that differs, or the row that could not be read. Empty: all is well.
  std::vector<std::string> findings;
  uint64_t rows = 0;
};

// Walks every row of the DB, in memory bounded by a batch, and compares hashes, counts and bytes
// with `recorded`. `go_on` is called now and then with the rows so far; false ends the walk with
// kCancelled.
StatusOr<RowsVerdict> VerifyRowsOf(DataDb db, KvIterator& rows, const DbState& recorded,
                                   const RowHasher& hasher,
                                   const std::function<bool(uint64_t)>& go_on);

}  // namespace flatkv
