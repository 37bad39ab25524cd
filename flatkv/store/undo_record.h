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

// The undo of consecutive versions as one. Of what several have, the earliest decides. Each row is
// moved O(log versions) times, and memory is that of the distinct rows, twice at most.
class UndoMerger {
 public:
  // In ascending order of versions.
  void Add(Undo undo);
  // REQUIRES: one was added.
  Undo Finish();

 private:
  struct Run {
    Undo undo;
    uint64_t versions = 0;
  };
  void MergeLastTwo();

  std::vector<Run> runs_;  // ascending, each of fewer versions than the one before
};

// The DB's state after its undo.
DbState UndoneState(const DbState& state, const DbUndo& undo);

}  // namespace flatkv
