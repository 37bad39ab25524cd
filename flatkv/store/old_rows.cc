#include "flatkv/store/old_rows.h"

#include <algorithm>
#include <string>

namespace flatkv {
namespace {

class OldRowFinder {
 public:
  OldRowFinder(const OldRows& old_rows, bool keep_old, RowChunk& chunk)
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
  RowChunk& chunk_;
  std::vector<bool> is_known_;  // by update
  size_t known_ = 0;            // of them
};

}  // namespace

void FindOldRows(const OldRows& old_rows, bool keep_old, RowChunk* chunk) {
  OldRowFinder(old_rows, keep_old, *chunk).Run();
}

}  // namespace flatkv
