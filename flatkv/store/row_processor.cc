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
  // Results.
  Status status;
  RowChanges changes;
  DbDelta delta;
  Arena old_bytes;  // old rows
  Arena new_bytes;  // keys and new rows: in key order, as they are read from now on
};

// First half: old rows that are in memory. The others are listed in chunk.missing.
class OldRowFinder {
 public:
  OldRowFinder(const OldRows& old_rows, bool keep_old, Chunk& chunk)
      : old_(old_rows), keep_old_(keep_old), chunk_(chunk) {}

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
        // The record outlives this call, but not the rows that come of it.
        Set(i, keep_old_ ? chunk_.old_bytes.Copy(row->value) : row->value);
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
        Set(i, chunk_.old_bytes.Copy(row->value));
      } else if (const Overlay::Entry* entry = table.Find(probe); entry != nullptr) {
        // The entry's version may be written, and its bytes gone, once the lock is released.
        Set(i, chunk_.old_bytes.Copy(entry->row->value));
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
          Set(i, chunk_.old_bytes.Copy(row));
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
  const bool keep_old_;
  Chunk& chunk_;
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
    chunk_.new_bytes = Arena(NewBytesMax());
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
      const std::string_view key = chunk_.new_bytes.Copy(update.key);
      AddRow(key, chunk_.probes[i], old_row, NewRow(update, old_row), update.came);
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
            keep_old_ ? chunk_.old_bytes.Copy(missing.row) : std::string_view(missing.row);
      }
    }
    return OkStatus();
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

  // `came`: the row may have come and gone in between.
  void AddRow(std::string_view key, const RowProbe& probe, std::string_view old_row,
              std::string_view new_row, bool came) {
    if (old_row.empty() && new_row.empty()) {
      // Removing what is not there.
      if (came) {
        DeltaOf(module_, &chunk_.delta);
      }
      return;
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
    chunk_.changes.push_back({.key = key,
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

// Reads what the chunks lack, and works those out that lacked something.
void ProcessIncomplete(const OldRows& old_rows, const RowHasher& hasher, const RowThreads& threads,
                       bool keep_old, std::vector<Chunk>* chunks) {
  std::vector<Chunk*> incomplete;
  std::vector<MissingRow*> missing;
  for (Chunk& chunk : *chunks) {
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
    incomplete[i]->status = ChunkProcessor(hasher, keep_old, *incomplete[i]).Run();
  });
}

}  // namespace

StatusOr<ProcessedRows> ProcessRows(Version version, const ClassifiedChanges& changes,
                                    const OldRows& old_rows, const RowHasher& hasher,
                                    const RowThreads& threads, bool keep_old,
                                    const std::function<void()>& beside) {
  std::vector<Chunk> chunks = MakeChunks(changes);
  // Task 0 is the longest single piece, so it starts first. A chunk of which every old row is in
  // memory is worked out at once, by the thread that has its keys and rows in its caches.
  threads.compute.ParallelFor(chunks.size() + 1, [&](size_t i) {
    if (i == 0) {
      beside();
      return;
    }
    Chunk& chunk = chunks[i - 1];
    OldRowFinder(old_rows, keep_old, chunk).Run();
    if (chunk.missing.empty()) {
      chunk.status = ChunkProcessor(hasher, keep_old, chunk).Run();
    }
  });
  ProcessIncomplete(old_rows, hasher, threads, keep_old, &chunks);
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
