// Which store a command talks to.
#pragma once

#include <cstdint>
#include <functional>
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
  std::optional<std::string> home;     // the store in a directory
  std::optional<std::string> config;  // with `home`: its configuration, <home>/flatkv.toml if unset
  int64_t timeout_seconds = 30;       // of one short call to a daemon
};

// Reads a configuration as the daemon would, environment included. Errors: kInvalidArgument, also
// when there is no such file.
StatusOr<Config> LoadConfigFile(const std::string& path);

// The configuration of the store in --home: as the daemon there would read it. REQUIRES: `home` is
// set. Errors: as above.
StatusOr<Config> ConfigOfHome(const TargetOptions& target);

// --address, else environment FLATKV_ADDRESS, else the default. Errors: kInvalidArgument.
StatusOr<ClientOptions> ResolveClient(const TargetOptions& target);

// Where the daemon of a home listens for administration by default.
inline constexpr char kAdminSocketName[] = "admin.sock";

// A daemon, or with --home the store itself; that takes no automatic snapshots, but for kCreate.
// Errors: kInvalidArgument when both are given.
StatusOr<std::unique_ptr<StoreAccess>> OpenTarget(const TargetOptions& target,
                                                  IfMissing if_missing);

// For commands that work online and offline alike: with --home the daemon that answers on
// DIR/admin.sock, or else the store itself. Errors: those of OpenTarget.
StatusOr<std::unique_ptr<StoreAccess>> OpenAdminTarget(const TargetOptions& target);

// The store itself with its configured options, changed by `adjust`, and no automatic snapshots.
// Errors: kInvalidArgument without --home.
StatusOr<std::unique_ptr<StoreAccess>> OpenOfflineTarget(
    const TargetOptions& target, const std::function<void(StoreOptions&)>& adjust);

// <home>/flatkv. Errors: kInvalidArgument without --home; kNotFound if there is no store.
StatusOr<std::string> StoreDirectory(const TargetOptions& target);

}  // namespace flatkv::cli
