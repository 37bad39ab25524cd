// Which store a command talks to.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "cli/client.h"
#include "cli/local_access.h"
#include "cli/store_access.h"
#include "config/config.h"
#include "flatkv/base/status.h"

namespace flatkv::cli {

inline constexpr char kDefaultAddress[] = "127.0.0.1:7450";

struct TargetOptions {
  std::optional<std::string> address;  // a daemon
  std::optional<std::string> home;     // a store that no daemon has open
  std::optional<std::string>
      config;                    // offline: the configuration file, <home>/flatkv.toml if unset
  int64_t timeout_seconds = 30;  // online: of one call
};

// Reads a configuration as the daemon would, environment included. Errors: kInvalidArgument, also
// when there is no such file.
StatusOr<Config> LoadConfigFile(const std::string& path);

// --address, else environment FLATKV_ADDRESS, else the default. Errors: kInvalidArgument.
StatusOr<ClientOptions> ResolveClient(const TargetOptions& target);

// A daemon, or with --home the store itself. Errors: kInvalidArgument when both are given.
StatusOr<std::unique_ptr<StoreAccess>> OpenTarget(const TargetOptions& target,
                                                  IfMissing if_missing);

}  // namespace flatkv::cli
