#include "flatkv/store/batch_writer.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace flatkv {
namespace {

// Neighbours are merged pairwise, so each row moves log2(versions) times.
RowChanges MergeAll(const std::vector<const RowChanges*>& versions) {
  if (versions.empty()) {
    return {};
  }
  if (versions.size() == 1) {
    return *versions.front();
  }
  std::vector<RowChanges> merged;
  for (size_t i = 0; i < versions.size(); i += 2) {
    merged.push_back(i + 1 < versions.size() ? MergeRows(*versions[i], *versions[i + 1])
                                             : *versions[i]);
  }
  while (merged.size() > 1) {
    for (size_t i = 0; i < merged.size(); i += 2) {
      merged[i / 2] =
          i + 1 < merged.size() ? MergeRows(merged[i], merged[i + 1]) : std::move(merged[i]);
    }
    merged.resize((merged.size() + 1) / 2);
  }
  return std::move(merged.front());
}

// Puts a later version's metadata over an earlier one's.
void Supersede(const DbMetadata& later, DbMetadata* metadata) {
  metadata->hash = later.hash;
  for (const auto& [name, state] : later.modules) {
    const auto it =
        std::find_if(metadata->modules.begin(), metadata->modules.end(),
                     [&wanted = name](const auto& module) { return module.first == wanted; });
    if (it == metadata->modules.end()) {
      metadata->modules.emplace_back(name, state);
    } else {
      it->second = state;
    }
  }
}

}  // namespace

BatchWriter::BatchWriter(DataDbs& dbs, const std::array<Version, kDataDbs>& db_versions,
                         uint64_t replay_bytes_max, HashLog* hash_log)
    : dbs_(dbs),
      opened_versions_(db_versions),
      replay_bytes_max_(replay_bytes_max),
      hash_log_(hash_log),
      db_versions_(db_versions),
      written_version_(*std::max_element(db_versions.begin(), db_versions.end())) {}

Status BatchWriter::Write(std::span<const LoggedVersion> batch) {
  if (batch.empty()) {
    return OkStatus();
  }
  const Version last = batch.back().rows->version;
  started_version_.store(last, std::memory_order_release);
  for (const DataDb db : kAllDataDbs) {
    RETURN_IF_ERROR(WriteDb(db, last, batch));
  }
  for (const LoggedVersion& version : batch) {
    if (hash_log_ != nullptr) {
      hash_log_->Append(*version.rows);
    }
    log_bytes_written_ += version.log_bytes;
  }
  written_version_ = std::max(written_version_, last);
  return OkStatus();
}

Status BatchWriter::WriteDb(DataDb db, Version last, std::span<const LoggedVersion> batch) {
  const size_t index = IndexOf(db);
  if (last <= db_versions_[index]) {
    return OkStatus();  // replaying versions that this DB already holds
  }
  std::vector<const RowChanges*> rows;
  DbMetadata metadata;
  bool touched = false;
  for (const LoggedVersion& version : batch) {
    if (!version.rows->rows[index].empty()) {
      rows.push_back(&version.rows->rows[index]);
    }
    if (const std::optional<DbMetadata>& update = version.rows->metadata[index];
        update.has_value()) {
      touched = true;
      Supersede(*update, &metadata);
    }
  }
  const RowChanges merged = MergeAll(rows);
  RETURN_IF_ERROR(dbs_.Write(db, last, merged, touched ? &metadata : nullptr));
  db_versions_[index] = last;
  if (!merged.empty()) {
    rows_versions_[index] = last;
  }
  return OkStatus();
}

Status BatchWriter::FlushLagging() {
  for (const DataDb db : kAllDataDbs) {
    const size_t index = IndexOf(db);
    const Version flushed = dbs_[db].FlushedVersion();
    if (flushed > flushed_seen_[index]) {
      // What was written after `flushed` still counts as flushed here: an undercount of at most one
      // memtable.
      flushed_seen_[index] = flushed;
      log_bytes_flushed_[index] = log_bytes_written_;
    }
    if (log_bytes_written_ - log_bytes_flushed_[index] > replay_bytes_max_) {
      RETURN_IF_ERROR(dbs_[db].Flush());
      log_bytes_flushed_[index] = log_bytes_written_;
    }
  }
  return OkStatus();
}

Version BatchWriter::FlushedRows() const {
  Version flushed = written_version_;
  for (const DataDb db : kAllDataDbs) {
    const Version on_disk = std::max(opened_versions_[IndexOf(db)], dbs_[db].FlushedVersion());
    if (rows_versions_[IndexOf(db)] > on_disk) {
      flushed = std::min(flushed, on_disk);
    }
  }
  return flushed;
}

}  // namespace flatkv
