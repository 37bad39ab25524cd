// The real file system.
#pragma once

#include "flatkv/fs/file_system.h"

namespace flatkv {

// Lives as long as the process. Safe for concurrent use.
FileSystem& PosixFileSystem();

}  // namespace flatkv
