#include "flatkv/sei/row_sums.h"

#include "flatkv/codec/keys.h"

namespace flatkv {
namespace {

constexpr size_t kBatchRows = 1024;
constexpr size_t kBatchBytes = size_t{1} << 20;

}  // namespace

void RowSums::Add(DataDb db, std::string_view key, std::string_view value) {
  Batch& batch = batches_[IndexOf(db)];
  const std::string_view module = ModuleOf(key);
  if (batch.sizes.size() == kBatchRows || batch.text.size() >= kBatchBytes ||
      batch.module != module) {
    Hash(db);
    batch.module = module;
  }
  batch.text.append(key).append(value);
  batch.sizes.emplace_back(key.size(), value.size());
}

void RowSums::Hash(DataDb db) {
  Batch& batch = batches_[IndexOf(db)];
  if (batch.sizes.empty()) {
    return;
  }
  std::vector<RowElement> elements;
  elements.reserve(batch.sizes.size());
  std::string_view rest = batch.text;
  for (const auto& [key_bytes, value_bytes] : batch.sizes) {
    elements.push_back({rest.substr(0, key_bytes), rest.substr(key_bytes, value_bytes), false});
    rest.remove_prefix(key_bytes + value_bytes);
  }
  ArchiveModuleSum& sum = modules_[IndexOf(db)][batch.module];
  hasher_.Accumulate(elements, &sum.hash);
  sum.rows += batch.sizes.size();
  sum.bytes += batch.text.size();
  batch.text.clear();
  batch.sizes.clear();
}

RowSums::Total RowSums::Finish() {
  Total total;
  LtHash global;
  for (const DataDb db : kAllDataDbs) {
    Hash(db);
    SnapshotDb& summary = total.dbs[IndexOf(db)];
    LtHash db_hash;
    for (const auto& [name, sum] : modules_[IndexOf(db)]) {
      summary.modules.push_back({name, hasher_.Checksum(sum.hash), sum.rows, sum.bytes});
      summary.rows += sum.rows;
      summary.bytes += sum.bytes;
      db_hash += sum.hash;
    }
    summary.checksum = hasher_.Checksum(db_hash);
    global += db_hash;
  }
  total.root = hasher_.Checksum(global);
  return total;
}

}  // namespace flatkv
