#include "flatkv/store/overlay.h"

#include <algorithm>
#include <span>

namespace flatkv {
namespace {

// Rows to one hold of a lock: some microseconds.
constexpr size_t kLockedRows = 64;

// Calls `visit` with a few neighbouring rows after the other.
template <typename Visit>
void InSlices(const RowChanges& changes, const Visit& visit) {
  for (size_t first = 0; first < changes.size(); first += kLockedRows) {
    visit(std::span<const RowChange>(changes).subspan(
        first, std::min(kLockedRows, changes.size() - first)));
  }
}

uint64_t BytesOf(const RowChange& row) {
  return row.key.size() + row.value.size() + row.old_value.size();
}

}  // namespace

RowChanges Overlay::Table::CopyRange(std::string_view first, std::string_view last,
                                     Arena* bytes) const {
  RowChanges changes;
  for (const auto& [fingerprint, entry] : rows_) {
    const RowChange& row = *entry.row;
    if (row.key >= first && row.key < last) {
      changes.push_back(
          {.key = bytes->Copy(row.key), .value = bytes->Copy(row.value), .removed = row.removed});
    }
  }
  std::sort(changes.begin(), changes.end(),
            [](const RowChange& a, const RowChange& b) { return a.key < b.key; });
  return changes;
}

void Overlay::Insert(const VersionRows& rows) {
  uint64_t bytes = 0;
  for (const DataDb db : kAllDataDbs) {
    Table& table = tables_[IndexOf(db)];
    InSlices(rows.rows[IndexOf(db)], [&](std::span<const RowChange> slice) {
      WriterLock lock(table.mu);
      for (const RowChange& row : slice) {
        table.Prefetch(row.probe);
      }
      for (const RowChange& row : slice) {
        table.rows_.insert_or_assign(row.probe.fingerprint, Entry{&row, rows.version});
        bytes += BytesOf(row) + kEntryBytes;
      }
    });
  }
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
  row_count_.fetch_add(rows.RowCount(), std::memory_order_relaxed);
}

void Overlay::Erase(const VersionRows& rows) {
  uint64_t bytes = 0;
  for (const DataDb db : kAllDataDbs) {
    Table& table = tables_[IndexOf(db)];
    InSlices(rows.rows[IndexOf(db)], [&](std::span<const RowChange> slice) {
      WriterLock lock(table.mu);
      for (const RowChange& row : slice) {
        table.Prefetch(row.probe);
      }
      for (const RowChange& row : slice) {
        const auto it = table.rows_.find(row.probe.fingerprint);
        if (it != table.rows_.end() && it->second.version == rows.version) {
          table.rows_.erase(it);
        }
        bytes += BytesOf(row) + kEntryBytes;
      }
    });
  }
  bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  row_count_.fetch_sub(rows.RowCount(), std::memory_order_relaxed);
}

}  // namespace flatkv
