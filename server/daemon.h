// The life of flatkvd: configuration, store, server, signals, drain.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"

namespace flatkv::server {

struct DaemonOptions {
  std::string home;
  std::optional<std::string>
      config_path;  // unset: <home>/flatkv.toml if there is one, else defaults
  std::vector<FlagOverride> flags;
  bool check_config = false;  // load the configuration, print the effective values and return
};

// Blocks until the daemon has been told to stop. Prints one line on stdout for each address once it
// serves, then the admin service's and that of the metrics; what an operator must know goes to the
// log on stderr. Returns the exit code (flatkv/base/exit_codes.h). REQUIRES: called from main,
// once, while no other thread runs.
int RunDaemon(const DaemonOptions& options);

}  // namespace flatkv::server
