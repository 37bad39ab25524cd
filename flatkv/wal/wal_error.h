// How the changelog names damage.
#pragma once

#include <cstdint>
#include <string_view>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"

namespace flatkv::wal_internal {

// kDataLoss with Reason::kChangelogCorrupt: "changelog <path>: <cause> (offset <offset>, version
// <version>)".
Status CorruptError(std::string_view path, uint64_t offset, Version version,
                    std::string_view cause);

}  // namespace flatkv::wal_internal
