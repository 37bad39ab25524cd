// status: what the store holds, retains, and how it is.
#pragma once

#include <string>

#include "cli/output.h"
#include "cli/store_access.h"
#include "flatkv/base/status.h"

namespace flatkv::cli {

Status RunStatus(StoreAccess& access, bool json);
// What RunStatus prints with `json`.
StatusOr<OrderedJson> CollectStatus(StoreAccess& access);

// "replayed versions 3 to 9 in 0.12 s", or "nothing to replay"; and what was cut.
std::string RecoveryText(const RecoveryInfo& recovery);
// {replayed_from, replayed_to, torn_bytes, torn_file, seconds}
OrderedJson RecoveryJson(const RecoveryInfo& recovery);

}  // namespace flatkv::cli
