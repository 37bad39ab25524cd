#include "flatkv/store/sums_of.h"

namespace flatkv {

RowSums SumsOf(const ModuleState& state, const RowHasher& hasher) {
  return {hasher.Checksum(state.hash), state.rows, state.bytes};
}

StateSums SumsOf(const StoreState& state, const RowHasher& hasher) {
  StateSums sums;
  for (const DataDb db : kAllDataDbs) {
    const DbState& from = state[IndexOf(db)];
    DbSums& to = sums[IndexOf(db)];
    to.total = SumsOf(from.total, hasher);
    for (const auto& [name, module] : from.modules) {
      if (module.rows != 0) {
        to.modules.emplace(name, SumsOf(module, hasher));
      }
    }
  }
  return sums;
}

void AddUpModules(DbSums* sums) {
  sums->total.rows = 0;
  sums->total.bytes = 0;
  for (const auto& [name, module] : sums->modules) {
    sums->total.rows += module.rows;
    sums->total.bytes += module.bytes;
  }
}

}  // namespace flatkv
