#include "flatkv/store/verify_rows.h"

#include <fmt/format.h>

#include <optional>
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

std::string Mismatch(DataDb db, std::string_view module, const ModuleState& found,
                     const ModuleState& recorded) {
  return fmt::format(
      "data DB {}, module {}: the rows do not give the recorded hash: {} rows and {} bytes found, "
      "{} rows and {} bytes recorded",
      NameOf(db), module, found.rows, found.bytes, recorded.rows, recorded.bytes);
}

// Sums up the rows by module. What cannot be read or is malformed ends the walk as a finding.
Status Scan(DataDb db, KvIterator& rows, const RowHasher& hasher,
            const std::function<bool(uint64_t)>& go_on, ModuleStates* found, RowsVerdict* verdict) {
  std::optional<ModuleScan> scan;
  std::string module;
  for (rows.SeekToFirst(); rows.Valid(); rows.Next()) {
    if (IsMetaKey(rows.key())) {
      continue;
    }
    if (const Status row = ValidateRow(db, rows.value()); !row.ok()) {
      verdict->findings.push_back(
          fmt::format("data DB {}, row {}: {}", NameOf(db), HexEncode(rows.key()), MessageOf(row)));
      return OkStatus();
    }
    if (!scan.has_value() || ModuleOf(rows.key()) != module) {
      module = ModuleOf(rows.key());
      scan.emplace(hasher, &(*found)[module]);
    }
    scan->Add(rows.key(), rows.value());
    if (++verdict->rows % kBatchRows == 0 && !go_on(verdict->rows)) {
      return Cancelled("the verification was cancelled");
    }
  }
  const Status status = rows.status();
  if (status.code() == StatusCode::kDataLoss) {
    verdict->findings.push_back(fmt::format("data DB {}: {}", NameOf(db), MessageOf(status)));
    return OkStatus();
  }
  return status;
}

}  // namespace

StatusOr<RowsVerdict> VerifyRowsOf(DataDb db, KvIterator& rows, const DbState& recorded,
                                   const RowHasher& hasher,
                                   const std::function<bool(uint64_t)>& go_on) {
  RowsVerdict verdict;
  ModuleStates found;
  RETURN_IF_ERROR(Scan(db, rows, hasher, go_on, &found, &verdict));
  if (!verdict.findings.empty()) {
    return verdict;
  }
  ModuleState total;
  for (const auto& [name, state] : found) {
    const auto it = recorded.modules.find(name);
    const ModuleState expected = it == recorded.modules.end() ? ModuleState() : it->second;
    if (expected != state) {
      verdict.findings.push_back(Mismatch(db, name, state, expected));
    }
    total += state;
  }
  for (const auto& [name, state] : recorded.modules) {
    // A module whose last row went keeps a record of zeros.
    if (!found.contains(name) && state != ModuleState()) {
      verdict.findings.push_back(Mismatch(db, name, ModuleState(), state));
    }
  }
  if (verdict.findings.empty() && total != recorded.total) {
    verdict.findings.push_back(Mismatch(db, "(all)", total, recorded.total));
  }
  return verdict;
}

}  // namespace flatkv
