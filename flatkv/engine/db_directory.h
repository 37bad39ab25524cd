// The directory of a data DB before LevelDB opens it.
#pragma once

#include <string>

#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"

namespace flatkv {

// Returns whether a new DB is to be made at `path`; if so, the directory exists then and its name
// is durable. A crash may leave a half-made DB behind: a directory without CURRENT is made anew,
// but not if it holds tables, because then CURRENT was lost: kDataLoss.
StatusOr<bool> PrepareDbDirectory(FileSystem& fs, const std::string& path);

}  // namespace flatkv
