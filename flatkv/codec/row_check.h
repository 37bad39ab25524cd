// Whether a stored row that comes from elsewhere can be one of a store's. Pure functions.
#pragma once

#include <string_view>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/codec/data_db.h"

namespace flatkv {

// The data DB that a physical key belongs into. Errors: kDataLoss for what is no physical key: no
// module, a module name that is none, a key that a store keeps under another name.
StatusOr<DataDb> DataDbOfPhysicalKey(std::string_view physical_key);

// Errors: kDataLoss for a malformed row, one of a version that is not in 1 to `version_max`, and
// one that a store keeps as no row (a zero slot, empty byte code, an account without anything).
Status CheckStoredRow(DataDb db, std::string_view row, Version version_max);

}  // namespace flatkv
