// recover, migrate: what an operator decides about a store that does not open by itself.
#pragma once

#include <string>
#include <vector>

#include "cli/confirm.h"
#include "cli/target.h"
#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"

namespace flatkv::cli {

// Opens the store from snapshot `select`, or from the changelog alone when that is 0, says where it
// stands, and closes it. Errors: those of Store::Open.
Status RunRecover(const TargetOptions& target, Version select, bool json);

// The data DBs that stand directly in a store directory, as they did before there were snapshots.
std::vector<std::string> FlatDataDbs(FileSystem& fs, const std::string& store_directory);

// Opens the store, which moves a flat layout into today's. With nothing to migrate it says so and
// opens nothing. Errors: kFailedPrecondition with Reason::kConfirmationNeeded; those of
// Store::Open.
Status RunMigrate(const TargetOptions& target, const ConfirmOptions& confirm, bool json,
                  Person& person);

}  // namespace flatkv::cli
