#include "flatkv/store/version_rows.h"

#include <algorithm>

namespace flatkv {

const RowChange* FindRow(const RowChanges& changes, std::string_view key) {
  const auto it = std::lower_bound(
      changes.begin(), changes.end(), key,
      [](const RowChange& change, std::string_view wanted) { return change.key < wanted; });
  return it != changes.end() && it->key == key ? &*it : nullptr;
}

RowChanges MergeRows(const RowChanges& older, const RowChanges& newer) {
  RowChanges merged;
  merged.reserve(older.size() + newer.size());
  auto a = older.begin();
  auto b = newer.begin();
  while (a != older.end() && b != newer.end()) {
    const int order = a->key.compare(b->key);
    if (order < 0) {
      merged.push_back(*a++);
    } else {
      merged.push_back(*b++);
      if (order == 0) {
        merged.back().old_value = (a++)->old_value;
      }
    }
  }
  merged.insert(merged.end(), a, older.end());
  merged.insert(merged.end(), b, newer.end());
  return merged;
}

}  // namespace flatkv
