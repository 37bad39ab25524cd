// Paths as the file system has them.
#pragma once

#include <string>

#include "flatkv/base/status.h"

namespace flatkv::cli {

// Absolute, without ".", ".." and symlinks; what does not exist yet is kept as it is behind what
// does. Errors: kInvalidArgument for an empty path; ErrnoStatus.
StatusOr<std::string> RealPath(const std::string& path);

}  // namespace flatkv::cli
