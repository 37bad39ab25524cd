#include "flatkv/store/verify_rows.h"

#include <fmt/format.h>

#include <vector>

#include "flatkv/base/hex.h"
#include "flatkv/codec/keys.h"
#include "flatkv/codec/meta_keys.h"
#include "flatkv/codec/rows.h"
#include "flatkv/store/arena.h"

namespace flatkv {
namespace {

constexpr size_t kBatchRows = 1024;

// Hashes the rows of one module a batch at a time.
class ModuleScan {
 public:
  ModuleScan(const RowHasher& hasher, ModuleState* state) : hasher_(hasher), state_(state) {}
  ~ModuleScan() { Hash(); }
  ModuleScan(const ModuleScan&) = delete;
  ModuleScan& operator=(const ModuleScan&) = delete;

  void Add(std::string_view key, std::string_view value) {
    elements_.push_back({bytes_.Copy(key), bytes_.Copy(value), false});
    state_->rows += 1;
    state_->bytes += key.size() + value.size();
    if (elements_.size() == kBatchRows) {
      Hash();
    }
  }

 private:
  void Hash() {
    hasher_.Accumulate(elements_, &state_->hash);
    elements_.clear();
    bytes_ = Arena();
  }

  const RowHasher& hasher_;
  ModuleState* const state_;
  std::vector<RowElement> elements_;
  Arena bytes_;
};

Status Mismatch(DataDb db, std::string_view module, const ModuleState& found,
                const ModuleState& recorded) {
  return WithReason(DataLoss(fmt::format("data DB {}, module {}: the rows do not give the recorded "
                                         "hash: {} rows and {} bytes found, {} rows "
                                         "and {} bytes recorded",
                                         NameOf(db), module, found.rows, found.bytes, recorded.rows,
                                         recorded.bytes)),
                    Reason::kDataDbCorrupt);
}

}  // namespace

Status VerifyDb(DataDb db, KvEngine& engine, const DbState& recorded, const RowHasher& hasher) {
  ModuleStates found;
  {
    std::optional<ModuleScan> scan;
    std::string module;
    const std::unique_ptr<KvIterator> it = engine.NewIterator();
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      if (IsMetaKey(it->key())) {
        continue;
      }
      RETURN_IF_ERROR(Annotate(ValidateRow(db, it->value()), HexEncode(it->key())));
      if (!scan.has_value() || ModuleOf(it->key()) != module) {
        module = ModuleOf(it->key());
        scan.emplace(hasher, &found[module]);
      }
      scan->Add(it->key(), it->value());
    }
    RETURN_IF_ERROR(it->status());
  }
  ModuleState total;
  for (const auto& [name, state] : found) {
    const auto it = recorded.modules.find(name);
    if (it == recorded.modules.end() || it->second != state) {
      return Mismatch(db, name, state, it == recorded.modules.end() ? ModuleState() : it->second);
    }
    total += state;
  }
  for (const auto& [name, state] : recorded.modules) {
    // A module whose last row went keeps a record of zeros.
    if (!found.contains(name) && state != ModuleState()) {
      return Mismatch(db, name, ModuleState(), state);
    }
  }
  return total == recorded.total ? OkStatus() : Mismatch(db, "(all)", total, recorded.total);
}

}  // namespace flatkv
