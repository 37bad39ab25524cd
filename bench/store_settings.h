// The store's options of a run: the daemon's configuration keys, from a file and from --set, so
// that every key there is (config/*_keys.cc) can be set here too, by the same name.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "flatkv/base/status.h"

namespace flatkv::bench {

struct StoreSettings {
  std::optional<std::string> config_file;
  // "section.key=value", as in the environment: no quotes. Later ones win.
  std::vector<std::string> sets;
};

// File, then `sets`. What neither names has the daemon's default, except that a benchmark does not
// sync and takes no snapshots: see the list in store_settings.cc. The environment does not count.
// Errors: kInvalidArgument with every problem.
StatusOr<Config> ResolveSettings(const StoreSettings& settings);

// The keys that were given, and those that a benchmark sets by itself, as a flatkv.toml: nothing
// else, so that a daemon of another build can be measured too.
std::string RenderSettings(const Config& config);

// The settings that decide what a run measures, {"wal.sync": "off", ...}: those that differ from
// the daemon's defaults, and always sync and threads.
nlohmann::json DescribeSettings(const Config& config);

}  // namespace flatkv::bench
