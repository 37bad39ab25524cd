#include "flatkv/wal/wal_error.h"

#include <fmt/core.h>

namespace flatkv::wal_internal {

Status CorruptError(std::string_view path, uint64_t offset, Version version,
                    std::string_view cause) {
  return WithReason(DataLoss(fmt::format("changelog {}: {} (offset {}, version {})", path, cause,
                                         offset, version)),
                    Reason::kChangelogCorrupt);
}

}  // namespace flatkv::wal_internal
