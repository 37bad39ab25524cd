// The changelog alone: the blocks of a run encoded, digested and appended, with and without a sync
// for each.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "bench/commit_bench.h"
#include "flatkv/base/status.h"
#include "flatkv/store/store_options.h"

namespace flatkv::bench {

struct LogPart {
  double encode_ms = 0;  // a block: the ChangelogEntry and its SHA-256
  double append_ms = 0;
  double append_synced_ms = 0;  // mean, the sync included
  double append_synced_p99_ms = 0;
  double cpu_us_per_update = 0;  // encoding, digest and append, no sync
  double bytes_per_update = 0;
};

// Appends the measured blocks of `work` to two logs in `directory`, an absent one.
StatusOr<LogPart> MeasureLog(const WorkOptions& work, const StoreOptions& options,
                             const std::string& directory);

nlohmann::json ToJson(const LogPart& part);

}  // namespace flatkv::bench
