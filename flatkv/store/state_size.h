// How much of a state each EVM contract takes: the rows of its storage and its code. Both data DBs
// are sorted by address, so one walk over the two side by side counts exactly, in memory for the
// largest ones only.
//
// Thread safety: functions of their arguments.
#pragma once

#include <cstddef>

#include "flatkv/base/status.h"
#include "flatkv/store/state_reader.h"
#include "flatkv/store/view.h"

namespace flatkv {

// The `top` largest contracts. Errors: kCancelled; kAborted with Reason::kRolledBack; kDataLoss.
StatusOr<ContractSizes> LargestContracts(View& view, size_t top, const GoOn& go_on);

}  // namespace flatkv
