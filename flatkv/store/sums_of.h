// The sums that the state of a store tells of it.
//
// Thread safety: pure functions.
#pragma once

#include "flatkv/lthash/row_hasher.h"
#include "flatkv/store/state_hash.h"
#include "flatkv/store/state_sums.h"

namespace flatkv {

RowSums SumsOf(const ModuleState& state, const RowHasher& hasher);
StateSums SumsOf(const StoreState& state, const RowHasher& hasher);

// Makes the rows and bytes of `sums->total` those of its modules together.
void AddUpModules(DbSums* sums);

}  // namespace flatkv
