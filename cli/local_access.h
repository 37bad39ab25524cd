// The commands' side of a store that no daemon has open: this process opens it and holds its lock
// meanwhile.
#pragma once

#include <memory>
#include <string>

#include "cli/store_access.h"
#include "flatkv/base/status.h"
#include "flatkv/store/store_options.h"

namespace flatkv::cli {

// What to do where there is no store yet.
enum class IfMissing { kFail, kCreate };

// Writes warnings and errors of the library to standard error.
Logger& WarningLogger();

// kNotFound, with what makes a store.
Status MissingStoreError(const std::string& home);

// Opening recovers, as the daemon would. Errors: those of Store::Open; kNotFound with
// IfMissing::kFail.
StatusOr<std::unique_ptr<StoreAccess>> OpenLocalAccess(const std::string& home,
                                                       StoreOptions options, IfMissing if_missing);

}  // namespace flatkv::cli
