#include "flatkv/store/row_processor.h"

#include <algorithm>
#include <span>

#include "flatkv/codec/keys.h"
#include "flatkv/codec/rows.h"
#include "flatkv/store/missing_rows.h"

namespace flatkv {
namespace {

// Rows to one task: enough work to be worth a hand-over, few enough to balance.
constexpr size_t kChunkRows = 512;
// Elements to one kernel call: keeps the old rows in cache, fills the lanes.
constexpr size_t kBatchElements = 256;

struct Chunk {
  DataDb db = DataDb::kMisc;
  std::span<const RowUpdate> updates;
  // What FindOldRows leaves, by update.
  std::vector<RowProbe> probes;
  std::vector<std::string_view> old_rows;  // empty if there is none, or it is missing
  std::vector<MissingRow> missing;         // in the order of the updates
  std::vector<size_t> missing_at;          // of which update
  Arena found;                             // the old rows that are not kept
  // Results.
  Status status;
  RowChanges changes;
  DbDelta delta;
  Arena arena;
};

// First half: old rows that are in memory. The others are listed in chunk.missing.
class OldRowFinder {
 public:
  OldRowFinder(const OldRows& old_rows, bool keep_old, Chunk& chunk)
      : old_(old_rows), chunk_(chunk), arena_(keep_old ? chunk.arena : chunk.found) {}

  void Run() {
    const size_t count = chunk_.updates.size();
    chunk_.probes.reserve(count);
    for (const RowUpdate& update : chunk_.updates) {
      chunk_.probes.push_back(old_.stored->ProbeOf(chunk_.db, update.key));
    }
    chunk_.old_rows.resize(count);
    is_known_.resize(count);
    FindRecorded();
    if (known_ < count) {
      old_.stored->Prefetch(chunk_.probes);
      FindUnwritten();
      FindStored();
    }
  }

 private:
  // Both lists ascend. What has no record (a removal of nothing) is looked up.
  void FindRecorded() {
    if (old_.recorded == nullptr) {
      return;
    }
    const RowChanges& rows = old_.recorded->dbs[IndexOf(chunk_.db)].rows;
    auto row =
        std::lower_bound(rows.begin(), rows.end(), chunk_.updates.front().key,
                         [](const RowChange& r, std::string_view key) { return r.key < key; });
    for (size_t i = 0; i < chunk_.updates.size() && row != rows.end(); ++i) {
      const std::string_view key = chunk_.updates[i].key;
      while (row != rows.end() && row->key < key) {
        ++row;
      }
      if (row != rows.end() && row->key == key) {
        Set(i, arena_.Copy(row->value));
      }
    }
  }

  // Looks every row up in what was applied or logged before and in the overlay. What is in neither
  // is in the DB now, and stays: nothing else is published meanwhile.
  void FindUnwritten() {
    Overlay::Table& table = old_.overlay->table(chunk_.db);
    ReaderLock lock(table.mu);
    for (const RowProbe& probe : chunk_.probes) {
      table.Prefetch(probe);
    }
    for (size_t i = 0; i < chunk_.probes.size(); ++i) {
      const RowProbe& probe = chunk_.probes[i];
      if (is_known_[i]) {
        continue;
      }
      if (const RowChange* row = FindPending(chunk_.updates[i].key); row != nullptr) {
        Set(i, row->value);
      } else if (row = FindUnpublished(probe); row != nullptr) {
        Set(i, arena_.Copy(row->value));
      } else if (const Overlay::Entry* entry = table.Find(probe); entry != nullptr) {
        // The entry's version may be written, and its bytes gone, once the lock is released.
        Set(i, arena_.Copy(entry->row->value));
      }
    }
  }

  void FindStored() {
    std::string row;
    for (size_t i = 0; i < chunk_.probes.size(); ++i) {
      if (is_known_[i]) {
        continue;
      }
      switch (old_.stored->Find(chunk_.probes[i], &row)) {
        case StoredRows::InMemory::kFound:
          Set(i, arena_.Copy(row));
          break;
        case StoredRows::InMemory::kAbsent:
          break;
        case StoredRows::InMemory::kUnknown:
          chunk_.missing.emplace_back(chunk_.db, chunk_.updates[i].key);
          chunk_.missing_at.push_back(i);
          break;
      }
    }
  }

  void Set(size_t i, std::string_view row) {
    chunk_.old_rows[i] = row;
    is_known_[i] = true;
    ++known_;
  }

  const RowChange* FindPending(std::string_view key) const {
    return old_.pending == nullptr ? nullptr : FindRow(old_.pending->rows[IndexOf(chunk_.db)], key);
  }

  // What is found stays while rows are processed; its version may go before that of these rows.
  const RowChange* FindUnpublished(const RowProbe& probe) const {
    if (old_.unpublished == nullptr) {
      return nullptr;
    }
    Overlay::Table& table = old_.unpublished->table(chunk_.db);
    ReaderLock lock(table.mu);
    const Overlay::Entry* const entry = table.Find(probe);
    return entry == nullptr ? nullptr : entry->row;
  }

  const OldRows& old_;
  Chunk& chunk_;
  Arena& arena_;
  std::vector<bool> is_known_;  // by update
  size_t known_ = 0;            // of them
};

// Second half: new rows and hashes.
class ChunkProcessor {
 public:
  ChunkProcessor(const RowHasher& hasher, bool keep_old, Chunk& chunk)
      : hasher_(hasher), keep_old_(keep_old), chunk_(chunk) {}

  Status Run() {
    RETURN_IF_ERROR(TakeMissing());
    const size_t count = chunk_.updates.size();
    chunk_.changes.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      const RowUpdate& update = chunk_.updates[i];
      const std::string_view old_row = chunk_.old_rows[i];
      if (elements_.size() >= kBatchElements || ModuleOf(update.key) != module_) {
        HashBatch();
        module_ = ModuleOf(update.key);
      }
      if (!old_row.empty()) {
        RETURN_IF_ERROR(ValidateRow(chunk_.db, old_row));
      }
      AddRow(update, chunk_.probes[i], old_row, NewRow(update, old_row));
    }
    HashBatch();
    return OkStatus();
  }

 private:
  Status TakeMissing() {
    for (size_t i = 0; i < chunk_.missing.size(); ++i) {
      const MissingRow& missing = chunk_.missing[i];
      RETURN_IF_ERROR(missing.status);
      if (missing.found) {
        chunk_.old_rows[chunk_.missing_at[i]] =
            keep_old_ ? chunk_.arena.Copy(missing.row) : std::string_view(missing.row);
      }
    }
    return OkStatus();
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
    char* const row = chunk_.arena.Allocate(bytes);
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
    char* const row = chunk_.arena.Allocate(kContractRowBytes);
    return {row, WriteAccountRow(update.version, fields, row)};
  }

  void AddRow(const RowUpdate& update, const RowProbe& probe, std::string_view old_row,
              std::string_view new_row) {
    if (old_row.empty() && new_row.empty()) {
      // Removing what is not there.
      if (update.came) {
        DeltaOf(module_, &chunk_.delta);
      }
      return;
    }
    ModuleState& delta = DeltaOf(module_, &chunk_.delta);
    if (!old_row.empty()) {
      elements_.push_back({update.key, old_row, true});
      delta.rows -= 1;
      delta.bytes -= update.key.size() + old_row.size();
    }
    if (!new_row.empty()) {
      elements_.push_back({update.key, new_row, false});
      delta.rows += 1;
      delta.bytes += update.key.size() + new_row.size();
    }
    chunk_.changes.push_back({.key = update.key,
                              .value = new_row,
                              .removed = new_row.empty(),
                              .old_value = keep_old_ ? old_row : std::string_view(),
                              .probe = probe});
  }

  void HashBatch() {
    if (!elements_.empty()) {
      hasher_.Accumulate(elements_, &DeltaOf(module_, &chunk_.delta).hash);
      elements_.clear();
    }
  }

  const RowHasher& hasher_;
  const bool keep_old_;
  Chunk& chunk_;
  std::string_view module_;
  std::vector<RowElement> elements_;
};

std::vector<Chunk> MakeChunks(const ClassifiedChanges& changes) {
  std::vector<Chunk> chunks;
  for (const DataDb db : kAllDataDbs) {
    const std::span<const RowUpdate> updates(changes.updates[IndexOf(db)]);
    for (size_t first = 0; first < updates.size(); first += kChunkRows) {
      Chunk& chunk = chunks.emplace_back();
      chunk.db = db;
      chunk.updates = updates.subspan(first, std::min(kChunkRows, updates.size() - first));
    }
  }
  return chunks;
}

void FindOldRows(const OldRows& old_rows, const RowThreads& threads, bool keep_old,
                 std::vector<Chunk>* chunks) {
  threads.compute.ParallelFor(
      chunks->size(), [&](size_t i) { OldRowFinder(old_rows, keep_old, (*chunks)[i]).Run(); });
  std::vector<MissingRow*> missing;
  for (Chunk& chunk : *chunks) {
    for (MissingRow& row : chunk.missing) {
      missing.push_back(&row);
    }
  }
  threads.read.Read(*old_rows.stored, threads.compute, missing);
}

}  // namespace

StatusOr<ProcessedRows> ProcessRows(Version version, const ClassifiedChanges& changes,
                                    const OldRows& old_rows, const RowHasher& hasher,
                                    const RowThreads& threads, bool keep_old,
                                    const std::function<void()>& beside) {
  std::vector<Chunk> chunks = MakeChunks(changes);
  FindOldRows(old_rows, threads, keep_old, &chunks);
  // Task 0 is the longest single piece, so it starts first.
  threads.compute.ParallelFor(chunks.size() + 1, [&](size_t i) {
    if (i == 0) {
      beside();
    } else {
      Chunk& chunk = chunks[i - 1];
      chunk.status = ChunkProcessor(hasher, keep_old, chunk).Run();
    }
  });
  ProcessedRows result;
  result.rows.version = version;
  result.rows.can_be_undone = keep_old;
  for (const DataDb db : kAllDataDbs) {
    result.rows.rows[IndexOf(db)].reserve(changes.updates[IndexOf(db)].size());
  }
  for (Chunk& chunk : chunks) {
    RETURN_IF_ERROR(chunk.status);
    RowChanges& rows = result.rows.rows[IndexOf(chunk.db)];
    rows.insert(rows.end(), chunk.changes.begin(), chunk.changes.end());
    result.rows.arenas.push_back(std::move(chunk.arena));
    DbDelta& delta = result.delta[IndexOf(chunk.db)];
    for (auto& [module, change] : chunk.delta) {
      DeltaOf(module, &delta) += change;
    }
  }
  return result;
}

}  // namespace flatkv
