// Undo records: what takes one version back. The old rows are read for the hash anyway, so a record
// costs only its writing. Format: docs/format.md, "Undo record".
//
// Thread safety: value types and pure functions.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/store/version_rows.h"

namespace flatkv {

// What takes one data DB from a version to an earlier one.
struct DbUndo {
  RowChanges rows;  // ascending keys, each once
  std::vector<ModuleBefore> modules;
};

struct Undo {
  std::array<DbUndo, kDataDbs> dbs;
  std::vector<Arena> arenas;  // own the bytes of the rows
  uint64_t bytes = 0;         // of keys and values
};

// REQUIRES: rows.can_be_undone.
std::string EncodeUndoRecord(const VersionRows& rows);
// Errors: kDataLoss with Reason::kDataDbCorrupt.
StatusOr<Undo> DecodeUndoRecord(std::string_view bytes);

// Puts the undo of an earlier version over that of the versions after it: what both have, the
// earlier one decides.
void MergeUndo(Undo earlier, Undo* undo);

// The DB's state after its undo.
DbState UndoneState(const DbState& state, const DbUndo& undo);

}  // namespace flatkv
