// Plans as the operator reads them before saying yes. The text ends with a newline.
#pragma once

#include <cstdint>
#include <string>

#include "flatkv/store/store_admin.h"

namespace flatkv::cli {

std::string RollbackText(const RollbackPlan& plan);
// `plan`: the rollback to the version before the first new one.
std::string ReorgText(const RollbackPlan& plan, Version first, Version last);
std::string PruneText(const PrunePlan& plan);

// "changelog segments below version 7", "no changelog segment".
std::string SegmentsText(Version wal_below);
// "versions 7 to 9", "version 7".
std::string VersionsText(Version first, Version last);
// "1, 2, 3", or "none".
std::string VersionList(const std::vector<Version>& versions);
// "2026-01-02T03:04:05Z"
std::string TimeText(uint64_t unix_seconds);

}  // namespace flatkv::cli
