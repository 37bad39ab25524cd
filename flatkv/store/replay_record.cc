#include "flatkv/store/replay_record.h"

#include <fmt/format.h>

#include <algorithm>

#include "flatkv/base/hex.h"
#include "flatkv/store/version_state.h"

namespace flatkv {
namespace {

StatusOr<PendingVersion> WorkOut(ReplayBatch& batch, const ReplayRange& range,
                                 const OldRows& old_rows, const ReplayTools& tools) {
  const Version version = batch.last.version;
  const bool in_all_dbs =
      version > *std::max_element(range.db_versions.begin(), range.db_versions.end());
  OldRows with_recorded = old_rows;
  with_recorded.recorded = batch.undo.has_value() ? &*batch.undo : nullptr;
  StatusOr<ProcessedRows> processed =
      ProcessRows(version, batch.changes, with_recorded, tools.hasher, tools.threads,
                  batch.wants_undo && in_all_dbs, [] {});
  if (!processed.ok()) {
    return Annotate(processed.status(), fmt::format("replaying version {}", version));
  }
  PendingVersion pending(version);
  *pending.rows = std::move(processed->rows);
  pending.rows->content_digest = batch.last.content_digest;
  pending.rows->root = batch.last.root;
  pending.delta = std::move(processed->delta);
  return pending;
}

}  // namespace

Status ReplayVersions(Wal& wal, const ReplayRange& range, const OldRows& old_rows,
                      const ReplayTools& tools, const TakeReplayed& take) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ReplayReader> reader, ReplayReader::Start(wal, range));
  bool warned = false;
  while (true) {
    ASSIGN_OR_RETURN(std::optional<ReplayBatch> batch, reader->Next());
    if (!batch.has_value()) {
      return OkStatus();
    }
    if (!batch->undo_error.ok() && !warned) {
      warned = true;
      tools.logger.Log(
          LogLevel::kWarning, "recovery.undo_unread",
          fmt::format("old rows of versions {} to {} are looked up, and maybe of others: {}",
                      batch->first, batch->last.version, MessageOf(batch->undo_error)));
    }
    StatusOr<PendingVersion> pending = WorkOut(*batch, range, old_rows, tools);
    Status status = pending.status();
    if (status.ok()) {
      status = take(*batch, *pending);
    }
    const bool at_fault = !pending.ok() || ReasonOf(status) == Reason::kRootMismatch;
    if (at_fault && (batch->payloads.size() > 1 || batch->undo.has_value())) {
      ReplayRange one_by_one = range;
      one_by_one.undo = nullptr;
      one_by_one.first = batch->first;
      one_by_one.last = batch->last.version;
      one_by_one.batch_versions_max = 1;
      tools.logger.Log(LogLevel::kWarning, "recovery.one_by_one",
                       fmt::format("versions {} to {} are replayed one by one: {}", batch->first,
                                   batch->last.version, MessageOf(status)));
      status = ReplayVersions(wal, one_by_one, old_rows, tools, take);
    }
    RETURN_IF_ERROR(status);
  }
}

Status ReplayInto(DataDbs& dbs, Version from, Version to, Wal& wal, uint64_t batch_versions_max,
                  const ReplayTools& tools, const std::function<bool(Version)>& go_on,
                  StoreState* state) {
  if (from >= to) {
    return OkStatus();
  }
  Overlay no_overlay;
  ASSIGN_OR_RETURN(const std::unique_ptr<StoredRows> rows,
                   StoredRows::Create(dbs, /*cache_bytes=*/0, /*filter=*/nullptr, false));
  ReplayRange range;
  range.first = from + 1;
  range.last = to;
  range.db_versions.fill(from);
  range.batch_versions_max = batch_versions_max;
  LtHash global = GlobalHash(*state);
  const auto take = [&](const ReplayBatch& batch, PendingVersion& pending) -> Status {
    const LtHash after = GlobalHash(global, pending.delta);
    if (tools.hasher.Checksum(after) != batch.last.root) {
      return WithReason(DataLoss(fmt::format("version {} does not give its recorded root {}",
                                             pending.version, HexEncode(AsBytes(batch.last.root)))),
                        Reason::kRootMismatch);
    }
    global = after;
    AdvanceState(pending.delta, state, pending.rows.get());
    for (const DataDb db : kAllDataDbs) {
      const size_t index = IndexOf(db);
      const std::optional<DbMetadata>& metadata = pending.rows->metadata[index];
      RETURN_IF_ERROR(dbs.Write(db, pending.version, pending.rows->rows[index],
                                metadata.has_value() ? &*metadata : nullptr));
    }
    return go_on(pending.version) ? OkStatus() : Aborted("the replay was stopped");
  };
  return ReplayVersions(wal, range, {nullptr, &no_overlay, rows.get()}, tools, take);
}

}  // namespace flatkv
