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
  RowChanges old_rows;
  DbDelta delta;
  Arena arena;
};

class ChunkProcessor {
 public:
  ChunkProcessor(Version version, const OldRows& old_rows, const RowHasher& hasher, bool keep_old,
                 Chunk& chunk)
      : version_(version), old_(old_rows), hasher_(hasher), keep_old_(keep_old), chunk_(chunk) {}

  Status Run() {
    chunk_.changes.reserve(chunk_.updates.size());
    std::vector<StoredRows::Probe> probes;
    probes.reserve(chunk_.updates.size());
    for (const RowUpdate& update : chunk_.updates) {
      probes.push_back(old_.stored->ProbeOf(chunk_.db, update.key));
    }
    old_.stored->Prefetch(probes);
    const StoredRows::Probe* probe = probes.data();
    Overlay::Table& table = old_.overlay->table(chunk_.db);
    // Held for the whole chunk: overlay entries stay valid, and what is not in the overlay is in
    // the DB.
    ReaderLock lock(table.mu);
    for (const RowUpdate& update : chunk_.updates) {
      if (olds_used_ == kBatchRows || ModuleOf(update.key) != module_) {
        HashBatch();
        module_ = ModuleOf(update.key);
      }
      ASSIGN_OR_RETURN(const std::string_view old_row, FindOldRow(update.key, *probe++, table));
      if (!old_row.empty()) {
        RETURN_IF_ERROR(ValidateRow(chunk_.db, old_row));
      }
      AddRow(update, old_row, NewRow(update, old_row));
    }
    HashBatch();
    return OkStatus();
  }

 private:
  // The stored old row, empty if there is none (a stored row never is). Valid until the next
  // HashBatch.
  StatusOr<std::string_view> FindOldRow(std::string_view key, const StoredRows::Probe& probe,
                                        Overlay::Table& table) REQUIRES_SHARED(table.mu) {
    ++olds_used_;
    if (old_.pending != nullptr) {
      const RowChange* row = FindRow(old_.pending->rows[IndexOf(chunk_.db)], key);
      if (row != nullptr) {
        return row->value;
      }
    }
    if (old_.unpublished != nullptr) {
      Overlay::Table& unpublished = old_.unpublished->table(chunk_.db);
      ReaderLock lock(unpublished.mu);
      // What is found stays: nothing changes there while rows are processed.
      if (const Overlay::Entry* entry = unpublished.Find(key); entry != nullptr) {
        return entry->value;
      }
    }
    if (const Overlay::Entry* entry = table.Find(key); entry != nullptr) {
      return entry->value;
    }
    std::string& buffer = olds_[olds_used_ - 1];
    // Not kept: the row at hand takes its place in the cache.
    ASSIGN_OR_RETURN(const bool found,
                     old_.stored->Get(chunk_.db, key, probe, /*keep=*/false, &buffer));
    return found ? std::string_view(buffer) : std::string_view();
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
    WriteRowHeader(version_, row);
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
    return {row, WriteAccountRow(version_, fields, row)};
  }

  void AddRow(const RowUpdate& update, std::string_view old_row, std::string_view new_row) {
    if (old_row.empty() && new_row.empty()) {
      return;  // removing what is not there
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
    chunk_.changes.push_back({update.key, new_row, new_row.empty()});
    if (keep_old_) {
      // The old row's bytes belong to others and may go before the undo record is written.
      chunk_.old_rows.push_back({update.key, chunk_.arena.Copy(old_row), old_row.empty()});
    }
  }

  void HashBatch() {
    if (!elements_.empty()) {
      hasher_.Accumulate(elements_, &DeltaOf(module_, &chunk_.delta).hash);
      elements_.clear();
    }
    olds_used_ = 0;
  }

  const Version version_;
  const OldRows& old_;
  const RowHasher& hasher_;
  const bool keep_old_;
  Chunk& chunk_;
  std::string_view module_;
  std::array<std::string, kBatchRows> olds_;
  size_t olds_used_ = 0;
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
      chunk.status = ChunkProcessor(version, old_rows, hasher, keep_old, chunk).Run();
    }
  });
  ProcessedRows result;
  result.rows.version = version;
  result.rows.can_be_undone = keep_old;
  for (Chunk& chunk : chunks) {
    RETURN_IF_ERROR(chunk.status);
    RowChanges& rows = result.rows.rows[IndexOf(chunk.db)];
    rows.insert(rows.end(), chunk.changes.begin(), chunk.changes.end());
    RowChanges& olds = result.rows.old_rows[IndexOf(chunk.db)];
    olds.insert(olds.end(), chunk.old_rows.begin(), chunk.old_rows.end());
    result.rows.arenas.push_back(std::move(chunk.arena));
    DbDelta& delta = result.delta[IndexOf(chunk.db)];
    for (auto& [module, change] : chunk.delta) {
      DeltaOf(module, &delta) += change;
    }
  }
  return result;
}

}  // namespace flatkv
