#include "flatkv/store/replay_record.h"

#include <fmt/format.h>

#include "flatkv/base/hex.h"
#include "flatkv/codec/changelog_entry.h"
#include "flatkv/store/version_state.h"

namespace flatkv {

StatusOr<PendingVersion> ReplayRecord(const WalReader& record,
                                      const std::array<Version, kDataDbs>& db_versions,
                                      const OldRows& old_rows, const RowHasher& hasher,
                                      ThreadPool& pool, bool keep_old) {
  const Version version = record.info().version;
  const std::string context = fmt::format("replaying version {}", version);
  StatusOr<ChangelogEntryView> entry = DecodeChangelogEntry(record.payload());
  if (!entry.ok() || entry->version != version) {
    return WithReason(
        DataLoss(fmt::format("{}: the record holds no entry of this version", context)),
        Reason::kChangelogCorrupt);
  }
  StatusOr<ClassifiedChanges> classified = Classify(entry->changes, NoLimits());
  if (!classified.ok()) {
    return Annotate(Recode(classified.status(), StatusCode::kDataLoss), context);
  }
  bool in_all_dbs = true;
  for (const DataDb db : kAllDataDbs) {
    if (version <= db_versions[IndexOf(db)]) {
      classified->updates[IndexOf(db)].clear();
      in_all_dbs = false;
    }
  }
  StatusOr<ProcessedRows> processed =
      ProcessRows(version, *classified, old_rows, hasher, pool, keep_old && in_all_dbs, [] {});
  if (!processed.ok()) {
    return Annotate(processed.status(), context);
  }
  PendingVersion pending(version);
  *pending.rows = std::move(processed->rows);
  pending.rows->arenas.push_back(std::move(classified->keys));
  pending.rows->content_digest = record.info().content_digest;
  pending.delta = std::move(processed->delta);
  return pending;
}

Status ReplayInto(DataDbs& dbs, Version from, Version to, Wal& wal, const RowHasher& hasher,
                  ThreadPool& pool, const std::function<bool(Version)>& go_on, StoreState* state) {
  if (from >= to) {
    return OkStatus();
  }
  Overlay no_overlay;
  ASSIGN_OR_RETURN(const std::unique_ptr<StoredRows> rows,
                   StoredRows::Create(dbs, /*cache_bytes=*/0, /*filter=*/nullptr, false));
  std::array<Version, kDataDbs> db_versions;
  db_versions.fill(from);
  ASSIGN_OR_RETURN(const std::unique_ptr<WalReader> reader, wal.NewReader(from + 1, to));
  while (true) {
    ASSIGN_OR_RETURN(const bool has_record, reader->Next());
    if (!has_record) {
      return OkStatus();
    }
    ASSIGN_OR_RETURN(
        PendingVersion pending,
        ReplayRecord(*reader, db_versions, {nullptr, &no_overlay, rows.get()}, hasher, pool,
                     /*keep_old=*/false));
    AdvanceState(pending.delta, state, pending.rows.get());
    if (hasher.Checksum(GlobalHash(*state)) != reader->info().root) {
      return WithReason(
          DataLoss(fmt::format("version {} does not give its recorded root {}", pending.version,
                               HexEncode(AsBytes(reader->info().root)))),
          Reason::kRootMismatch);
    }
    for (const DataDb db : kAllDataDbs) {
      const size_t index = IndexOf(db);
      const std::optional<DbMetadata>& metadata = pending.rows->metadata[index];
      RETURN_IF_ERROR(dbs.Write(db, pending.version, pending.rows->rows[index],
                                metadata.has_value() ? &*metadata : nullptr));
    }
    if (!go_on(pending.version)) {
      return Aborted("the replay was stopped");
    }
  }
}

}  // namespace flatkv
