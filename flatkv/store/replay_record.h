// One changelog record worked out into rows, as its commit did.
#pragma once

#include <array>

#include "flatkv/base/status.h"
#include "flatkv/base/thread_pool.h"
#include "flatkv/lthash/row_hasher.h"
#include "flatkv/store/pending_version.h"
#include "flatkv/store/row_processor.h"
#include "flatkv/wal/wal.h"

namespace flatkv {

// DBs that hold the record's version already (`db_versions`) get no rows, and the version then
// cannot be undone. Errors: kDataLoss with Reason::kChangelogCorrupt for a record that holds no
// entry of its version; those of ProcessRows.
StatusOr<PendingVersion> ReplayRecord(const WalReader& record,
                                      const std::array<Version, kDataDbs>& db_versions,
                                      const OldRows& old_rows, const RowHasher& hasher,
                                      ThreadPool& pool, bool keep_old);

// Replays the versions `from` + 1 .. `to` of `wal` into DBs that stand at `from` with *state. Each
// root must be the recorded one. `go_on` is asked after every version; false is kAborted.
Status ReplayInto(DataDbs& dbs, Version from, Version to, Wal& wal, const RowHasher& hasher,
                  ThreadPool& pool, const std::function<bool(Version)>& go_on, StoreState* state);

}  // namespace flatkv
