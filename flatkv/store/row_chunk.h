// A piece of a version's sorted rows, worked on by one thread at a time: its old rows are found,
// those that only a data DB has are read, new rows and hashes are made.
//
// Thread safety: one thread at a time.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/codec/data_db.h"
#include "flatkv/store/arena.h"
#include "flatkv/store/classify.h"
#include "flatkv/store/missing_rows.h"
#include "flatkv/store/row_probe.h"
#include "flatkv/store/state_hash.h"
#include "flatkv/store/version_rows.h"

namespace flatkv {

struct RowChunk {
  DataDb db = DataDb::kMisc;
  std::span<const RowUpdate> updates;
  // By update.
  std::vector<RowProbe> probes;
  std::vector<std::string_view> old_rows;  // empty if there is none, or it is missing
  // What has to be read, in the order of the updates.
  std::vector<MissingRow> missing;
  std::vector<size_t> missing_at;      // which update it belongs to
  std::vector<size_t> missing_places;  // where in `changes`
  // Results.
  Status status;
  RowChanges changes;
  DbDelta delta;
  Arena old_bytes;  // old rows
  Arena new_bytes;  // keys and new rows, in the order in which they are read from now on
};

}  // namespace flatkv
