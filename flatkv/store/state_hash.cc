#include "flatkv/store/state_hash.h"

namespace flatkv {

ModuleState& DeltaOf(std::string_view module, DbDelta* delta) {
  if (delta->empty() || delta->back().first != module) {
    delta->emplace_back(std::string(module), ModuleState());
  }
  return delta->back().second;
}

void ApplyDelta(const DbDelta& delta, DbState* state) {
  for (const auto& [module, change] : delta) {
    state->total += change;
    state->modules[module] += change;
  }
}

LtHash GlobalHash(const StoreState& state) {
  LtHash global;
  for (const DbState& db : state) {
    global += db.total.hash;
  }
  return global;
}

LtHash GlobalHash(const LtHash& before, const StoreDelta& delta) {
  LtHash global = before;
  for (const DbDelta& db : delta) {
    for (const auto& [module, change] : db) {
      global += change.hash;
    }
  }
  return global;
}

}  // namespace flatkv
