#include "flatkv/store/row_processor.h"

#include <algorithm>
#include <span>

#include "flatkv/codec/keys.h"
#include "flatkv/codec/rows.h"

namespace flatkv {
namespace {

// Rows to one task: enough work to be worth a hand-over, few enough to balance.
constexpr size_t kChunkRows = 512;
// Elements to one kernel call: keeps the old rows in cache, fills the lanes.
constexpr size_t kBatchRows = 128;

struct Chunk {
  DataDb db = DataDb::kMisc;
  std::span<const RowUpdate> updates;
  // Results.
  Status status;
  RowChanges changes;
  DbDelta delta;
  Arena arena;
};

class ChunkProcessor {
 public:
  ChunkProcessor(const OldRows& old_rows, const RowHasher& hasher, bool keep_old, Chunk& chunk)
      : old_(old_rows), hasher_(hasher), keep_old_(keep_old), chunk_(chunk) {}

  Status Run() {
    const size_t count = chunk_.updates.size();
    chunk_.changes.reserve(count);
    probes_.reserve(count);
    for (const RowUpdate& update : chunk_.updates) {
      probes_.push_back(old_.stored->ProbeOf(chunk_.db, update.key));
    }
    old_.stored->Prefetch(probes_);
    FindInMemory();
    for (size_t i = 0; i < count; ++i) {
      const RowUpdate& update = chunk_.updates[i];
      if (batch_rows_ == kBatchRows || ModuleOf(update.key) != module_) {
        HashBatch();
        module_ = ModuleOf(update.key);
      }
      ASSIGN_OR_RETURN(const std::string_view old_row, OldRow(i));
      if (!old_row.empty()) {
        RETURN_IF_ERROR(ValidateRow(chunk_.db, old_row));
      }
      AddRow(update, probes_[i], old_row, NewRow(update, old_row));
    }
    HashBatch();
    return OkStatus();
  }

 private:
  struct InMemory {
    bool found = false;
    std::string_view row;  // empty if it is gone
  };

  // Looks every row up in what was applied or logged before and in the overlay. What is in neither
  // is in the DB now, and stays: nothing else is published meanwhile.
  void FindInMemory() {
    in_memory_.resize(chunk_.updates.size());
    Overlay::Table& table = old_.overlay->table(chunk_.db);
    ReaderLock lock(table.mu);
    for (const RowProbe& probe : probes_) {
      table.Prefetch(probe);
    }
    for (size_t i = 0; i < probes_.size(); ++i) {
      if (const RowChange* row = FindPending(chunk_.updates[i].key); row != nullptr) {
        in_memory_[i] = {true, row->value};
      } else if (row = FindUnpublished(probes_[i]); row != nullptr) {
        in_memory_[i] = {true, chunk_.arena.Copy(row->value)};
      } else if (const Overlay::Entry* entry = table.Find(probes_[i]); entry != nullptr) {
        // The entry's version may be written, and its bytes gone, once the lock is released.
        in_memory_[i] = {true, chunk_.arena.Copy(entry->row->value)};
      }
    }
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

  // The stored row before update `i`, empty if there is none (a stored row never is). Valid as long
  // as the chunk if it is to be kept, otherwise until the next HashBatch.
  StatusOr<std::string_view> OldRow(size_t i) {
    std::string& buffer = olds_[batch_rows_++];
    if (in_memory_[i].found) {
      return in_memory_[i].row;
    }
    // Not kept in the cache: the row at hand takes its place there.
    ASSIGN_OR_RETURN(const bool found, old_.stored->Get(chunk_.db, chunk_.updates[i].key,
                                                        probes_[i], /*keep=*/false, &buffer));
    if (!found) {
      return std::string_view();
    }
    return keep_old_ ? chunk_.arena.Copy(buffer) : std::string_view(buffer);
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
    batch_rows_ = 0;
  }

  const OldRows& old_;
  const RowHasher& hasher_;
  const bool keep_old_;
  Chunk& chunk_;
  std::string_view module_;
  std::vector<RowProbe> probes_;     // by update
  std::vector<InMemory> in_memory_;  // by update
  std::array<std::string, kBatchRows> olds_;
  size_t batch_rows_ = 0;
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

}  // namespace

StatusOr<ProcessedRows> ProcessRows(Version version, const ClassifiedChanges& changes,
                                    const OldRows& old_rows, const RowHasher& hasher,
                                    ThreadPool& pool, bool keep_old,
                                    const std::function<void()>& beside) {
  std::vector<Chunk> chunks = MakeChunks(changes);
  // Task 0 is the longest single piece, so it starts first.
  pool.ParallelFor(chunks.size() + 1, [&](size_t i) {
    if (i == 0) {
      beside();
    } else {
      Chunk& chunk = chunks[i - 1];
      chunk.status = ChunkProcessor(old_rows, hasher, keep_old, chunk).Run();
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
