// The rows that a version replaces, as far as they are in memory.
#pragma once

#include "flatkv/store/overlay.h"
#include "flatkv/store/row_chunk.h"
#include "flatkv/store/stored_rows.h"
#include "flatkv/store/undo_record.h"
#include "flatkv/store/version_rows.h"

namespace flatkv {

// Where old rows come from, newest first.
struct OldRows {
  const VersionRows* pending = nullptr;  // applied earlier to the same version; may be null
  Overlay* overlay = nullptr;
  StoredRows* stored = nullptr;
  // Of versions that are being committed together with this one, before it: newer than `overlay`,
  // and not changed meanwhile. May be null.
  Overlay* unpublished = nullptr;
  // What undoes the version, if it was kept: rows that it has are looked up nowhere else. May be
  // null.
  const Undo* recorded = nullptr;
};

// Sets probes, old rows and what is missing of `chunk`, which has a data DB and updates. Old
// rows of `pending` stay there; the others are copied into the chunk, but recorded ones only with
// `keep_old`.
void FindOldRows(const OldRows& old_rows, bool keep_old, RowChunk* chunk);

}  // namespace flatkv
