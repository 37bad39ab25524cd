// Carrying the state of a store from one version to the next.
#pragma once

#include "flatkv/store/state_hash.h"
#include "flatkv/store/version_rows.h"

namespace flatkv {

// Applies what a version changed, and notes in `rows` what goes into the data DBs' metadata with it
// and what would undo that.
void AdvanceState(const StoreDelta& delta, StoreState* state, VersionRows* rows);

}  // namespace flatkv
