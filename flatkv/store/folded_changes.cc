#include "flatkv/store/folded_changes.h"

#include <algorithm>
#include <cstring>

#include "flatkv/base/endian.h"
#include "flatkv/codec/rows.h"

namespace flatkv {
namespace {

// One version's update of a row on its way into the fold. The first 16 key bytes as numbers decide
// almost every comparison.
struct UpdateRef {
  uint64_t prefix_high = 0;
  uint64_t prefix_low = 0;
  const RowUpdate* update = nullptr;
};

UpdateRef RefOf(const RowUpdate& update) {
  char prefix[16] = {};
  std::memcpy(prefix, update.key.data(), std::min(sizeof(prefix), update.key.size()));
  return {LoadBe64(prefix), LoadBe64(prefix + 8), &update};
}

bool ByKeyAndVersion(const UpdateRef& a, const UpdateRef& b) {
  if (a.prefix_high != b.prefix_high) {
    return a.prefix_high < b.prefix_high;
  }
  if (a.prefix_low != b.prefix_low) {
    return a.prefix_low < b.prefix_low;
  }
  const int order = a.update->key.compare(b.update->key);
  return order != 0 ? order < 0 : a.update->version < b.update->version;
}

// Whether the row exists after these writes if it did not before them.
bool MakesRow(DataDb db, const RowUpdate& update) {
  return db == DataDb::kAccount ? !IsAllZero(update.value) || !IsAllZero(update.code_hash)
                                : !update.removes;
}

void FoldLater(DataDb db, const RowUpdate& later, RowUpdate* update) {
  update->came = update->came || MakesRow(db, *update);
  update->version = later.version;
  if (later.sets_value) {
    update->sets_value = true;
    update->value = later.value;
  }
  if (later.sets_code_hash) {
    update->sets_code_hash = true;
    update->code_hash = later.code_hash;
  }
  update->removes = later.removes;
}

}  // namespace

RowUpdates Fold(std::span<const RowUpdates> versions) {
  RowUpdates folded;
  for (const DataDb db : kAllDataDbs) {
    const size_t index = IndexOf(db);
    size_t count = 0;
    for (const RowUpdates& one : versions) {
      count += one[index].size();
    }
    std::vector<UpdateRef> refs;
    refs.reserve(count);
    for (const RowUpdates& one : versions) {
      for (const RowUpdate& update : one[index]) {
        refs.push_back(RefOf(update));
      }
    }
    std::sort(refs.begin(), refs.end(), ByKeyAndVersion);
    std::vector<RowUpdate>& rows = folded[index];
    rows.reserve(count);
    for (const UpdateRef& ref : refs) {
      if (!rows.empty() && rows.back().key == ref.update->key) {
        FoldLater(db, *ref.update, &rows.back());
      } else {
        rows.push_back(*ref.update);
      }
    }
  }
  return folded;
}

}  // namespace flatkv
