#include "flatkv/store/version_state.h"

#include <algorithm>

namespace flatkv {

void AdvanceState(const StoreDelta& delta, StoreState* state, VersionRows* rows) {
  for (const DataDb db : kAllDataDbs) {
    const size_t index = IndexOf(db);
    if (delta[index].empty()) {
      continue;
    }
    DbState& db_state = (*state)[index];
    std::vector<ModuleBefore>& before = rows->old_modules[index];
    for (const auto& [module, change] : delta[index]) {
      const auto named = [&wanted = module](const auto& m) { return m.first == wanted; };
      if (std::none_of(before.begin(), before.end(), named)) {
        const auto it = db_state.modules.find(module);
        before.emplace_back(module, it == db_state.modules.end()
                                        ? std::nullopt
                                        : std::optional<ModuleState>(it->second));
      }
    }
    // Whatever order the rows were worked out in: records of one version have the same bytes.
    std::sort(before.begin(), before.end(),
              [](const ModuleBefore& a, const ModuleBefore& b) { return a.first < b.first; });
    ApplyDelta(delta[index], &db_state);
    DbMetadata metadata;
    metadata.hash = db_state.total.hash;
    for (const ModuleBefore& module : before) {
      metadata.modules.emplace_back(module.first, db_state.modules.find(module.first)->second);
    }
    rows->metadata[index] = std::move(metadata);
  }
}

}  // namespace flatkv
