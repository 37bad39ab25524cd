#include "bench/part_rows.h"

#include <algorithm>
#include <cstring>

#include "flatkv/codec/keys.h"
#include "flatkv/codec/rows.h"

namespace flatkv::bench {
namespace {

// Beside its key and value, a row needs at most a contract's row and the key's '/'.
constexpr size_t kRowOverheadBytes = kContractRowBytes + 1;

size_t WriteValue(Version version, RowTarget target, std::string_view value, char* out) {
  if (target.field == Field::kWhole) {
    WriteRowHeader(version, out);
    std::memcpy(out + kRowHeaderBytes, value.data(), value.size());
    return kRowHeaderBytes + value.size();
  }
  AccountFields fields;
  const bool is_nonce = target.field == Field::kNonce;
  const size_t bytes = is_nonce ? fields.nonce.size() : fields.code_hash.size();
  std::memcpy(is_nonce ? fields.nonce.data() : fields.code_hash.data(), value.data(),
              std::min(bytes, value.size()));
  return WriteAccountRow(version, fields, out);
}

}  // namespace

void PartRows::Add(Version version, std::string_view module, const KvPair& pair) {
  const RowTarget target = TargetOf(module, pair.key);
  PartRow row;
  row.db = target.db;
  char* const key = bytes_.data() + used_;
  WritePhysicalKey(module, pair.key, target, key);
  row.key = {key, PhysicalKeyBytes(module, pair.key)};
  used_ += row.key.size();
  row.remove = pair.remove || ValueRemovesRow(target.db, pair.value);
  if (!row.remove) {
    char* const value = bytes_.data() + used_;
    row.value = {value, WriteValue(version, target, pair.value, value)};
    used_ += row.value.size();
  }
  rows_.push_back(row);
}

void PartRows::Fill(Version version, const Block& block) {
  size_t bytes = 0;
  for (const NamedChangeSet& named : block.changes) {
    for (const KvPair& pair : named.pairs) {
      bytes += named.module.size() + pair.key.size() + pair.value.size() + kRowOverheadBytes;
    }
  }
  bytes_.resize(bytes);
  used_ = 0;
  rows_.clear();
  for (const NamedChangeSet& named : block.changes) {
    for (const KvPair& pair : named.pairs) {
      Add(version, named.module, pair);
    }
  }
  const auto less = [](const PartRow& a, const PartRow& b) {
    return a.db != b.db ? a.db < b.db : a.key < b.key;
  };
  std::stable_sort(rows_.begin(), rows_.end(), less);
  // Of equal keys the last one stays.
  const auto kept = std::unique(
      rows_.rbegin(), rows_.rend(),
      [&](const PartRow& a, const PartRow& b) { return a.db == b.db && a.key == b.key; });
  rows_.erase(rows_.begin(), kept.base());
}

std::span<const PartRow> PartRows::RowsOf(DataDb db) const {
  const auto begin =
      std::find_if(rows_.begin(), rows_.end(), [&](const PartRow& row) { return row.db == db; });
  const auto end =
      std::find_if(begin, rows_.end(), [&](const PartRow& row) { return row.db != db; });
  return {begin, end};
}

}  // namespace flatkv::bench
