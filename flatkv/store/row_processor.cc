#include "flatkv/store/row_processor.h"

#include <algorithm>
#include <optional>
#include <span>

#include "flatkv/codec/keys.h"
#include "flatkv/codec/rows.h"
#include "flatkv/store/missing_rows.h"
#include "flatkv/store/row_chunk.h"

namespace flatkv {
namespace {

// Rows to one task: enough work to be worth a hand-over, few enough to balance.
constexpr size_t kChunkRows = 512;
// Elements to one kernel call: keeps the old rows in cache, fills the lanes.
constexpr size_t kBatchElements = 256;

// New rows and hashes: of the rows of which the old one is in memory, then of those that were
// missing.
class ChunkProcessor {
 public:
  ChunkProcessor(const RowHasher& hasher, bool keep_old, RowChunk& chunk)
      : hasher_(hasher), keep_old_(keep_old), chunk_(chunk) {}

  Status RunFound() {
    chunk_.changes.reserve(chunk_.updates.size());
    chunk_.new_bytes = Arena(NewBytesMax());
    for (size_t i = 0; i < chunk_.updates.size(); ++i) {
      if (IsNextMissing(i)) {
        chunk_.missing_places.push_back(chunk_.changes.size());
        chunk_.changes.emplace_back();
        continue;
      }
      ASSIGN_OR_RETURN(const std::optional<RowChange> change, ChangeOf(i, chunk_.old_rows[i]));
      if (change.has_value()) {
        chunk_.changes.push_back(*change);
      }
    }
    HashBatch();
    return OkStatus();
  }

  // After RunFound, with the missing rows read.
  Status RunMissing() {
    for (size_t i = 0; i < chunk_.missing.size(); ++i) {
      const MissingRow& missing = chunk_.missing[i];
      RETURN_IF_ERROR(missing.status);
      std::string_view old_row;
      if (missing.found) {
        old_row = keep_old_ ? chunk_.old_bytes.Copy(missing.row) : std::string_view(missing.row);
      }
      ASSIGN_OR_RETURN(const std::optional<RowChange> change,
                       ChangeOf(chunk_.missing_at[i], old_row));
      if (change.has_value()) {
        chunk_.changes[chunk_.missing_places[i]] = *change;
      }
    }
    HashBatch();
    // The places of removals of nothing.
    std::erase_if(chunk_.changes, [](const RowChange& change) { return change.key.empty(); });
    return OkStatus();
  }

 private:
  bool IsNextMissing(size_t update) const {
    const size_t next = chunk_.missing_places.size();
    return next < chunk_.missing_at.size() && chunk_.missing_at[next] == update;
  }

  size_t NewBytesMax() const {
    size_t bytes = 0;
    for (const RowUpdate& update : chunk_.updates) {
      bytes += update.key.size() + (chunk_.db == DataDb::kAccount
                                        ? kContractRowBytes
                                        : kRowHeaderBytes + update.value.size());
    }
    return bytes;
  }

  // None if there is no row before and none after.
  StatusOr<std::optional<RowChange>> ChangeOf(size_t i, std::string_view old_row) {
    const RowUpdate& update = chunk_.updates[i];
    if (elements_.size() >= kBatchElements || ModuleOf(update.key) != module_) {
      HashBatch();
      module_ = ModuleOf(update.key);
    }
    if (!old_row.empty()) {
      RETURN_IF_ERROR(ValidateRow(chunk_.db, old_row));
    }
    const std::string_view key = chunk_.new_bytes.Copy(update.key);
    const std::string_view new_row = NewRow(update, old_row);
    if (old_row.empty() && new_row.empty()) {
      // Removing what is not there, if it did not come and go in between.
      if (update.came) {
        DeltaOf(module_, &chunk_.delta);
      }
      return std::optional<RowChange>();
    }
    ModuleState& delta = DeltaOf(module_, &chunk_.delta);
    if (!old_row.empty()) {
      elements_.push_back({key, old_row, true});
      delta.rows -= 1;
      delta.bytes -= key.size() + old_row.size();
    }
    if (!new_row.empty()) {
      elements_.push_back({key, new_row, false});
      delta.rows += 1;
      delta.bytes += key.size() + new_row.size();
    }
    return RowChange{.key = key,
                     .value = new_row,
                     .removed = new_row.empty(),
                     .old_value = keep_old_ ? old_row : std::string_view(),
                     .probe = chunk_.probes[i]};
  }

  // The stored bytes of the row after the update, in the chunk's arena; empty if the row is gone.
  std::string_view NewRow(const RowUpdate& update, std::string_view old_row) {
    if (chunk_.db == DataDb::kAccount) {
      return NewAccountRow(update, old_row);
    }
    if (update.removes) {
      return {};
    }
    const size_t bytes = kRowHeaderBytes + update.value.size();
    char* const row = chunk_.new_bytes.Allocate(bytes);
    WriteRowHeader(update.version, row);
    std::copy(update.value.begin(), update.value.end(), row + kRowHeaderBytes);
    return {row, bytes};
  }

  std::string_view NewAccountRow(const RowUpdate& update, std::string_view old_row) {
    AccountFields fields = old_row.empty() ? AccountFields() : DecodeAccountRow(old_row);
    // A deleted field has an empty value and becomes zero.
    if (update.sets_value) {
      fields.nonce = {};
      std::copy(update.value.begin(), update.value.end(), fields.nonce.begin());
    }
    if (update.sets_code_hash) {
      fields.code_hash = {};
      std::copy(update.code_hash.begin(), update.code_hash.end(), fields.code_hash.begin());
    }
    if (fields.IsZero()) {
      return {};
    }
    char* const row = chunk_.new_bytes.Allocate(kContractRowBytes);
    return {row, WriteAccountRow(update.version, fields, row)};
  }

  void HashBatch() {
    if (!elements_.empty()) {
      hasher_.Accumulate(elements_, &DeltaOf(module_, &chunk_.delta).hash);
      elements_.clear();
    }
  }

  const RowHasher& hasher_;
  const bool keep_old_;
  RowChunk& chunk_;
  std::string_view module_;
  std::vector<RowElement> elements_;
};

std::vector<RowChunk> MakeChunks(const ClassifiedChanges& changes) {
  std::vector<RowChunk> chunks;
  for (const DataDb db : kAllDataDbs) {
    const std::span<const RowUpdate> updates(changes.updates[IndexOf(db)]);
    for (size_t first = 0; first < updates.size(); first += kChunkRows) {
      RowChunk& chunk = chunks.emplace_back();
      chunk.db = db;
      chunk.updates = updates.subspan(first, std::min(kChunkRows, updates.size() - first));
    }
  }
  return chunks;
}

// Reads what the chunks lack, and works it out.
void ProcessMissing(const OldRows& old_rows, const RowHasher& hasher, const RowThreads& threads,
                    bool keep_old, std::vector<RowChunk>* chunks) {
  std::vector<RowChunk*> incomplete;
  std::vector<MissingRow*> missing;
  for (RowChunk& chunk : *chunks) {
    if (chunk.missing.empty()) {
      continue;
    }
    incomplete.push_back(&chunk);
    for (MissingRow& row : chunk.missing) {
      missing.push_back(&row);
    }
  }
  threads.read.Read(*old_rows.stored, threads.compute, missing);
  threads.compute.ParallelFor(incomplete.size(), [&](size_t i) {
    RowChunk& chunk = *incomplete[i];
    if (chunk.status.ok()) {
      chunk.status = ChunkProcessor(hasher, keep_old, chunk).RunMissing();
    }
  });
}

}  // namespace

StatusOr<ProcessedRows> ProcessRows(Version version, const ClassifiedChanges& changes,
                                    const OldRows& old_rows, const RowHasher& hasher,
                                    const RowThreads& threads, bool keep_old,
                                    const std::function<void()>& beside) {
  std::vector<RowChunk> chunks = MakeChunks(changes);
  // Task 0 is the longest single piece, so it starts first. The others find what is in memory and
  // work it out at once, while keys and rows are in the caches of their core.
  threads.compute.ParallelFor(chunks.size() + 1, [&](size_t i) {
    if (i == 0) {
      beside();
      return;
    }
    RowChunk& chunk = chunks[i - 1];
    FindOldRows(old_rows, keep_old, &chunk);
    chunk.status = ChunkProcessor(hasher, keep_old, chunk).RunFound();
  });
  ProcessMissing(old_rows, hasher, threads, keep_old, &chunks);
  ProcessedRows result;
  result.rows.version = version;
  result.rows.can_be_undone = keep_old;
  for (const DataDb db : kAllDataDbs) {
    result.rows.rows[IndexOf(db)].reserve(changes.updates[IndexOf(db)].size());
  }
  for (RowChunk& chunk : chunks) {
    RETURN_IF_ERROR(chunk.status);
    RowChanges& rows = result.rows.rows[IndexOf(chunk.db)];
    rows.insert(rows.end(), chunk.changes.begin(), chunk.changes.end());
    result.rows.arenas.push_back(std::move(chunk.new_bytes));
    if (keep_old) {
      result.rows.arenas.push_back(std::move(chunk.old_bytes));
    }
    DbDelta& delta = result.delta[IndexOf(chunk.db)];
    for (auto& [module, change] : chunk.delta) {
      DeltaOf(module, &delta) += change;
    }
  }
  return result;
}

}  // namespace flatkv
