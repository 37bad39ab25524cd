// Changelog records worked out into rows, as their commits did.
#pragma once

#include <functional>

#include "flatkv/base/logger.h"
#include "flatkv/base/status.h"
#include "flatkv/lthash/row_hasher.h"
#include "flatkv/store/pending_version.h"
#include "flatkv/store/replay_reader.h"
#include "flatkv/store/row_processor.h"
#include "flatkv/wal/wal.h"

namespace flatkv {

// What a replay works with.
struct ReplayTools {
  const RowHasher& hasher;
  RowThreads threads;
  Logger& logger;
};

// Takes what the versions up to batch.last.version leave. A wrong root is refused with
// Reason::kRootMismatch before anything is changed.
using TakeReplayed = std::function<Status(const ReplayBatch& batch, PendingVersion& pending)>;

// Works the versions of `range` out, in order, and hands each batch to `take`, after which
// `old_rows` shows its rows. The versions of a batch that cannot be worked out, or has a wrong
// root, are replayed again one by one and without undo records, so that the error is that of the
// version at fault. DBs that hold a version already get no rows of it, and it then cannot be
// undone. Errors: those of ReplayReader::Next and ProcessRows; those of `take`.
Status ReplayVersions(Wal& wal, const ReplayRange& range, const OldRows& old_rows,
                      const ReplayTools& tools, const TakeReplayed& take);

// Replays the versions `from` + 1 .. `to` of `wal` into DBs that stand at `from` with *state, up to
// `batch_versions_max` of them at once. Each batch must end with the recorded root. `go_on` is
// asked after every batch with its last version; false is kAborted.
Status ReplayInto(DataDbs& dbs, Version from, Version to, Wal& wal, uint64_t batch_versions_max,
                  const ReplayTools& tools, const std::function<bool(Version)>& go_on,
                  StoreState* state);

}  // namespace flatkv
