// The roots that a replay is expected to give: lines "version root ...". Columns after the root are
// ignored, and so are lines that do not start with a digit.
#pragma once

#include <map>
#include <string>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"

namespace flatkv::cli {

using ExpectedRoots = std::map<Version, Digest>;

// Errors: kInvalidArgument names file and line; also when the file holds no root at all.
StatusOr<ExpectedRoots> LoadRootsFile(const std::string& path);

}  // namespace flatkv::cli
