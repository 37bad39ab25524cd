#include "flatkv/store/undo_record.h"

#include <algorithm>

#include "flatkv/base/endian.h"

namespace flatkv {
namespace {

constexpr uint32_t kAbsent = 0xffffffff;

void AppendBytes(std::string_view bytes, std::string* out) {
  AppendLe32(out, static_cast<uint32_t>(bytes.size()));
  out->append(bytes);
}

void AppendModule(const ModuleBefore& module, std::string* out) {
  AppendBytes(module.first, out);
  out->push_back(module.second.has_value() ? 1 : 0);
  if (module.second.has_value()) {
    out->append(module.second->hash.bytes());
    AppendLe64(out, module.second->rows);
    AppendLe64(out, module.second->bytes);
  }
}

// Takes fields off the front; after the first that is not there everything fails.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool AtEnd() const { return ok_ && rest_.empty(); }
  std::string_view Take(size_t size) {
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  uint32_t TakeNumber() {
    const std::string_view bytes = Take(4);
    return ok_ ? LoadLe32(bytes.data()) : 0;
  }
  uint64_t TakeLong() {
    const std::string_view bytes = Take(8);
    return ok_ ? LoadLe64(bytes.data()) : 0;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

void TakeRow(Fields* fields, DbUndo* undo, uint64_t* bytes) {
  const std::string_view key = fields->Take(fields->TakeNumber());
  const uint32_t value_bytes = fields->TakeNumber();
  const bool removed = value_bytes == kAbsent;
  const std::string_view value = removed ? std::string_view() : fields->Take(value_bytes);
  if (fields->ok()) {
    undo->rows.push_back({.key = key, .value = value, .removed = removed});
    *bytes += key.size() + value.size();
  }
}

void TakeModule(Fields* fields, DbUndo* undo) {
  const std::string_view name = fields->Take(fields->TakeNumber());
  const std::string_view existed = fields->Take(1);
  std::optional<ModuleState> state;
  if (fields->ok() && existed[0] != 0) {
    const std::string_view hash = fields->Take(LtHash::kSizeBytes);
    state.emplace();
    state->rows = fields->TakeLong();
    state->bytes = fields->TakeLong();
    if (fields->ok()) {
      state->hash = LtHash::FromBytes(hash);
    }
  }
  if (fields->ok()) {
    undo->modules.emplace_back(std::string(name), std::move(state));
  }
}

}  // namespace

std::string EncodeUndoRecord(const VersionRows& rows) {
  std::string out;
  size_t bytes = 0;
  for (const DataDb db : kAllDataDbs) {
    for (const RowChange& row : rows.rows[IndexOf(db)]) {
      bytes += row.key.size() + row.old_value.size() + 8;
    }
    bytes += rows.old_modules[IndexOf(db)].size() * (LtHash::kSizeBytes + 64) + 8;
  }
  out.reserve(bytes);
  for (const DataDb db : kAllDataDbs) {
    const RowChanges& changes = rows.rows[IndexOf(db)];
    AppendLe32(&out, static_cast<uint32_t>(changes.size()));
    for (const RowChange& row : changes) {
      AppendBytes(row.key, &out);
      if (row.old_value.empty()) {
        AppendLe32(&out, kAbsent);
      } else {
        AppendBytes(row.old_value, &out);
      }
    }
    const std::vector<ModuleBefore>& modules = rows.old_modules[IndexOf(db)];
    AppendLe32(&out, static_cast<uint32_t>(modules.size()));
    for (const ModuleBefore& module : modules) {
      AppendModule(module, &out);
    }
  }
  return out;
}

StatusOr<Undo> DecodeUndoRecord(std::string_view bytes) {
  Undo undo;
  Arena arena(bytes.size());
  Fields fields(arena.Copy(bytes));
  for (const DataDb db : kAllDataDbs) {
    DbUndo& db_undo = undo.dbs[IndexOf(db)];
    for (uint32_t left = fields.TakeNumber(); left > 0 && fields.ok(); --left) {
      TakeRow(&fields, &db_undo, &undo.bytes);
    }
    for (uint32_t left = fields.TakeNumber(); left > 0 && fields.ok(); --left) {
      TakeModule(&fields, &db_undo);
    }
  }
  if (!fields.AtEnd()) {
    return WithReason(DataLoss("an undo record has a wrong length"), Reason::kDataDbCorrupt);
  }
  undo.arenas.push_back(std::move(arena));
  return undo;
}

namespace {

// Puts the undo of an earlier version over that of the versions after it.
void PutOver(Undo earlier, Undo* undo) {
  for (const DataDb db : kAllDataDbs) {
    DbUndo& to = undo->dbs[IndexOf(db)];
    DbUndo& from = earlier.dbs[IndexOf(db)];
    to.rows = MergeRows(to.rows, from.rows);
    for (ModuleBefore& module : from.modules) {
      const auto it = std::find_if(to.modules.begin(), to.modules.end(),
                                   [&](const ModuleBefore& m) { return m.first == module.first; });
      if (it == to.modules.end()) {
        to.modules.push_back(std::move(module));
      } else {
        it->second = std::move(module.second);
      }
    }
  }
  std::move(earlier.arenas.begin(), earlier.arenas.end(), std::back_inserter(undo->arenas));
  undo->bytes += earlier.bytes;
}

}  // namespace

void UndoMerger::Add(Undo undo) {
  runs_.push_back({std::move(undo), 1});
  while (runs_.size() > 1 && runs_[runs_.size() - 2].versions <= runs_.back().versions) {
    MergeLastTwo();
  }
}

Undo UndoMerger::Finish() {
  while (runs_.size() > 1) {
    MergeLastTwo();
  }
  return std::move(runs_.front().undo);
}

void UndoMerger::MergeLastTwo() {
  Run last = std::move(runs_.back());
  runs_.pop_back();
  PutOver(std::move(runs_.back().undo), &last.undo);
  runs_.back() = {std::move(last.undo), runs_.back().versions + last.versions};
}

DbState UndoneState(const DbState& state, const DbUndo& undo) {
  DbState undone;
  undone.modules = state.modules;
  for (const auto& [name, before] : undo.modules) {
    if (before.has_value()) {
      undone.modules[name] = *before;
    } else {
      undone.modules.erase(name);
    }
  }
  for (const auto& [name, module] : undone.modules) {
    undone.total += module;
  }
  return undone;
}

}  // namespace flatkv
