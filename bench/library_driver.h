// Commits to a store in this process.
#pragma once

#include <memory>
#include <string>

#include "bench/commit_driver.h"
#include "flatkv/fs/file_system.h"

namespace flatkv::bench {

// Opens or creates the store under `home`. `fs` outlives the driver.
StatusOr<std::unique_ptr<CommitDriver>> NewLibraryDriver(FileSystem& fs, const std::string& home,
                                                         const StoreOptions& options,
                                                         OnCommitted on_committed);

}  // namespace flatkv::bench
