#include "flatkv/store/classify.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "flatkv/base/endian.h"
#include "flatkv/codec/keys.h"
#include "flatkv/codec/rows.h"

namespace flatkv {
namespace {

// One pair on its way to a row. The first 16 key bytes are kept as numbers: comparing them decides
// almost every comparison of the sort without touching the key.
struct PairRef {
  uint64_t prefix_high = 0;
  uint64_t prefix_low = 0;
  std::string_view key;
  std::string_view value;
  uint32_t order = 0;
  Field field = Field::kWhole;
  bool remove = false;
};

void SetPrefix(PairRef* ref) {
  char prefix[16] = {};
  std::memcpy(prefix, ref->key.data(), std::min(sizeof(prefix), ref->key.size()));
  ref->prefix_high = LoadBe64(prefix);
  ref->prefix_low = LoadBe64(prefix + 8);
}

bool Before(const PairRef& a, const PairRef& b) {
  if (a.prefix_high != b.prefix_high) {
    return a.prefix_high < b.prefix_high;
  }
  if (a.prefix_low != b.prefix_low) {
    return a.prefix_low < b.prefix_low;
  }
  const int order = a.key.compare(b.key);
  return order != 0 ? order < 0 : a.order < b.order;
}

Status LimitExceeded(std::string_view what, size_t size_bytes, uint64_t limit_bytes) {
  return WithReason(InvalidArgument(fmt::format("{} has {} bytes; the limit is {}", what,
                                                size_bytes, limit_bytes)),
                    Reason::kLimitExceeded);
}

Status ValidatePair(std::string_view module, const KvPair& pair, RowTarget target,
                    const ChangeSetLimits& limits) {
  if (pair.key.size() > limits.key_bytes_max) {
    return LimitExceeded(DescribeKey(module, pair.key), pair.key.size(), limits.key_bytes_max);
  }
  if (pair.remove) {
    return OkStatus();
  }
  if (pair.value.size() > limits.value_bytes_max) {
    return LimitExceeded(fmt::format("the value of {}", DescribeKey(module, pair.key)),
                         pair.value.size(), limits.value_bytes_max);
  }
  return ValidateValue(target, module, pair.key, pair.value);
}

// Collapses the sorted pairs of one data DB into one update a row.
std::vector<RowUpdate> Collapse(DataDb db, Version version, const std::vector<PairRef>& refs) {
  std::vector<RowUpdate> updates;
  updates.reserve(refs.size());
  for (const PairRef& ref : refs) {
    if (updates.empty() || updates.back().key != ref.key) {
      RowUpdate& update = updates.emplace_back();
      update.key = ref.key;
      update.version = version;
    }
    RowUpdate& update = updates.back();
    if (ref.field == Field::kCodeHash) {
      update.sets_code_hash = true;
      update.code_hash = ref.remove ? std::string_view() : ref.value;
      continue;
    }
    update.sets_value = true;
    update.value = ref.remove ? std::string_view() : ref.value;
    update.removes = ref.field == Field::kWhole && (ref.remove || ValueRemovesRow(db, ref.value));
  }
  return updates;
}

}  // namespace

StatusOr<ClassifiedChanges> Classify(Version version, const ChangeSets& changes,
                                     const ChangeSetLimits& limits) {
  ClassifiedChanges result;
  std::array<std::vector<PairRef>, kDataDbs> refs;
  uint32_t order = 0;
  for (const NamedChangeSet& named : changes) {
    RETURN_IF_ERROR(ValidateModule(named.module));
    if (named.module.size() > limits.module_bytes_max) {
      return LimitExceeded("a module name", named.module.size(), limits.module_bytes_max);
    }
    for (const KvPair& pair : named.pairs) {
      RETURN_IF_ERROR(ValidateKey(named.module, pair.key));
      const RowTarget target = TargetOf(named.module, pair.key);
      RETURN_IF_ERROR(ValidatePair(named.module, pair, target, limits));
      const size_t key_bytes = PhysicalKeyBytes(named.module, pair.key);
      char* const key = result.keys.Allocate(key_bytes);
      WritePhysicalKey(named.module, pair.key, target, key);
      PairRef& ref = refs[IndexOf(target.db)].emplace_back();
      ref.key = {key, key_bytes};
      ref.value = pair.value;
      ref.order = order++;
      ref.field = target.field;
      ref.remove = pair.remove;
      SetPrefix(&ref);
    }
  }
  for (const DataDb db : kAllDataDbs) {
    std::vector<PairRef>& db_refs = refs[IndexOf(db)];
    std::sort(db_refs.begin(), db_refs.end(), Before);
    result.updates[IndexOf(db)] = Collapse(db, version, db_refs);
  }
  return result;
}

ChangeSetLimits NoLimits() {
  constexpr uint64_t kUnbounded = std::numeric_limits<uint64_t>::max();
  return {kUnbounded, kUnbounded, kUnbounded, kUnbounded};
}

}  // namespace flatkv
