#include "flatkv/store/overlay.h"

#include <algorithm>

namespace flatkv {

RowChanges Overlay::Table::CopyRange(std::string_view first, std::string_view last,
                                     Arena* bytes) const {
  RowChanges changes;
  for (const auto& [key, entry] : rows_) {
    if (key >= first && key < last) {
      changes.push_back({bytes->Copy(key), bytes->Copy(entry.value), entry.removed});
    }
  }
  std::sort(changes.begin(), changes.end(),
            [](const RowChange& a, const RowChange& b) { return a.key < b.key; });
  return changes;
}

void Overlay::Insert(const VersionRows& rows) {
  for (const DataDb db : kAllDataDbs) {
    const RowChanges& changes = rows.rows[IndexOf(db)];
    if (changes.empty()) {
      continue;
    }
    Table& table = tables_[IndexOf(db)];
    WriterLock lock(table.mu);
    for (const RowChange& change : changes) {
      const Entry entry{change.value, rows.version, change.removed};
      auto [it, inserted] = table.rows_.try_emplace(change.key, entry);
      if (!inserted) {
        // The map's key points into the older version's arena, which goes first.
        table.rows_.erase(it);
        table.rows_.emplace(change.key, entry);
      }
    }
  }
  bytes_.fetch_add(BytesOf(rows), std::memory_order_relaxed);
  rows_.fetch_add(rows.RowCount(), std::memory_order_relaxed);
}

void Overlay::Erase(const VersionRows& rows) {
  for (const DataDb db : kAllDataDbs) {
    const RowChanges& changes = rows.rows[IndexOf(db)];
    if (changes.empty()) {
      continue;
    }
    Table& table = tables_[IndexOf(db)];
    WriterLock lock(table.mu);
    for (const RowChange& change : changes) {
      const auto it = table.rows_.find(change.key);
      if (it != table.rows_.end() && it->second.version == rows.version) {
        table.rows_.erase(it);
      }
    }
  }
  bytes_.fetch_sub(BytesOf(rows), std::memory_order_relaxed);
  rows_.fetch_sub(rows.RowCount(), std::memory_order_relaxed);
}

uint64_t Overlay::BytesOf(const VersionRows& rows) {
  uint64_t bytes = 0;
  for (const RowChanges& changes : rows.rows) {
    for (const RowChange& change : changes) {
      bytes += change.key.size() + change.value.size() + kEntryBytes;
    }
  }
  return bytes;
}

}  // namespace flatkv
