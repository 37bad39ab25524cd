#include "cli/target.h"

#include <fmt/format.h>

#include "cli/errors.h"
#include "config/config.h"
#include "flatkv/fs/path.h"
#include "flatkv/fs/posix_file_system.h"

namespace flatkv::cli {
namespace {

// The same sources as the daemon's, so that both open a store with the same options.
StatusOr<Config> ConfigOfHome(const TargetOptions& target) {
  if (target.config.has_value()) {
    return LoadConfigFile(*target.config);
  }
  const std::string path = JoinPath(*target.home, "flatkv.toml");
  if (PosixFileSystem().Stat(path).ok()) {
    return LoadConfigFile(path);
  }
  return ParseConfig("", path, ProcessEnvironment());
}

}  // namespace

StatusOr<Config> LoadConfigFile(const std::string& path) {
  StatusOr<Config> config = LoadConfig(path, ProcessEnvironment());
  if (config.ok()) {
    return config;
  }
  const Status error = Recode(config.status(), StatusCode::kInvalidArgument);
  return config.status().code() == StatusCode::kNotFound
             ? WithHint(error, "flatkv config init writes one with every default")
             : error;
}

StatusOr<ClientOptions> ResolveClient(const TargetOptions& target) {
  const Environment environment = ProcessEnvironment();
  const auto from_environment = environment.find("FLATKV_ADDRESS");
  const std::string text = target.address.has_value()              ? *target.address
                           : from_environment != environment.end() ? from_environment->second
                                                                   : kDefaultAddress;
  const StatusOr<ListenAddress> address = ParseListenAddress(text);
  if (!address.ok()) {
    return Annotate(address.status(),
                    target.address.has_value() ? "--address" : "environment FLATKV_ADDRESS");
  }
  ClientOptions options;
  options.address = ToString(*address);
  options.timeout = std::chrono::seconds(target.timeout_seconds);
  return options;
}

StatusOr<std::unique_ptr<StoreAccess>> OpenTarget(const TargetOptions& target,
                                                  IfMissing if_missing) {
  if (target.home.has_value() && target.address.has_value()) {
    return InvalidArgument(
        "--address asks a running daemon, --home opens a store that no daemon has open: give one");
  }
  if (target.config.has_value() && !target.home.has_value()) {
    return InvalidArgument("--config is for a store opened with --home");
  }
  if (!target.home.has_value()) {
    ASSIGN_OR_RETURN(const ClientOptions options, ResolveClient(target));
    return NewRemoteAccess(options);
  }
  ASSIGN_OR_RETURN(const Config config, ConfigOfHome(target));
  return OpenLocalAccess(*target.home, config.store, if_missing);
}

}  // namespace flatkv::cli
