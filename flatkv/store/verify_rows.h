// Recomputes what a data DB says of itself from its rows.
#pragma once

#include "flatkv/base/status.h"
#include "flatkv/codec/data_db.h"
#include "flatkv/engine/kv_engine.h"
#include "flatkv/lthash/row_hasher.h"
#include "flatkv/store/state_hash.h"

namespace flatkv {

// Walks every row of the DB, in memory bounded by a batch, and compares hashes, counts and bytes
// with `recorded`. Errors: kDataLoss with Reason::kDataDbCorrupt names the DB and the module that
// differs.
Status VerifyDb(DataDb db, KvEngine& engine, const DbState& recorded, const RowHasher& hasher);

}  // namespace flatkv
