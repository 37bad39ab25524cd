#include "flatkv/engine/leveldb_compaction.h"

#include <leveldb/db.h>

#include <algorithm>

namespace flatkv {
namespace {

// Longer than what tells the keys of two neighbouring tables apart: module name, prefix, address.
constexpr size_t kBoundBytesMax = 256;
// Above every key: module names are text.
constexpr char kAboveAllKeys[] = "\xff\xff\xff\xff";

// Bytes of the tables below `key`, by their indexes.
uint64_t BytesBelow(leveldb::DB& db, const std::string& key) {
  const leveldb::Range range("", key);
  uint64_t bytes = 0;
  db.GetApproximateSizes(&range, 1, &bytes);
  return bytes;
}

// About the largest key with at most `target` bytes below it, byte by byte from the front, as far
// as it takes to be within `tolerance`.
std::string KeyAt(leveldb::DB& db, uint64_t target, uint64_t tolerance) {
  std::string key;
  while (key.size() < kBoundBytesMax) {
    int low = 0;
    int high = 256;  // the first byte that is too large
    while (high - low > 1) {
      const int middle = (low + high) / 2;
      const std::string tried = key + static_cast<char>(middle);
      (BytesBelow(db, tried) <= target ? low : high) = middle;
    }
    key.push_back(static_cast<char>(low));
    if (BytesBelow(db, key) + tolerance >= target) {
      break;
    }
  }
  return key;
}

}  // namespace

std::vector<std::string> CompactionBounds(leveldb::DB& db, uint64_t step_bytes) {
  const uint64_t total = BytesBelow(db, kAboveAllKeys);
  std::vector<std::string> bounds;
  for (uint64_t target = step_bytes; target + step_bytes / 2 < total; target += step_bytes) {
    std::string key = KeyAt(db, target, step_bytes / 8);
    if (bounds.empty() || bounds.back() < key) {
      bounds.push_back(std::move(key));
    }
  }
  return bounds;
}

}  // namespace flatkv
