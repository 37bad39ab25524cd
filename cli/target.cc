#include "cli/target.h"

#include <fmt/format.h>

#include "cli/errors.h"
#include "config/admin_listen.h"
#include "config/config.h"
#include "flatkv/fs/path.h"
#include "flatkv/fs/posix_file_system.h"

namespace flatkv::cli {

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

namespace {

// A command that looks at a store, or does one thing to it, takes no snapshot by the way: a dry run
// changes nothing, and the plan that it shows stays true.
StoreOptions WithoutAutomaticSnapshots(StoreOptions options) {
  options.snapshot.policy = SnapshotPolicy::kManual;
  return options;
}

Status CheckTarget(const TargetOptions& target) {
  if (target.home.has_value() && target.address.has_value()) {
    return InvalidArgument(
        "--address asks a running daemon, --home works on the store in a directory: give one");
  }
  if (target.config.has_value() && !target.home.has_value()) {
    return InvalidArgument("--config is for a store opened with --home");
  }
  return OkStatus();
}

Status CheckHome(const TargetOptions& target) {
  RETURN_IF_ERROR(CheckTarget(target));
  return target.home.has_value()
             ? OkStatus()
             : InvalidArgument("this works on the files of a store: give --home DIR");
}

// The daemon that answers on the admin socket of the home; null if none does.
StatusOr<std::unique_ptr<StoreAccess>> DaemonOfHome(const TargetOptions& target) {
  const auto address = AdminAddress("auto", *target.home);
  const StatusOr<FileInfo> file = PosixFileSystem().Stat(JoinPath(*target.home, kAdminSocketName));
  if (!address.ok() || !address->has_value() || !file.ok() || file->type != FileType::kOther) {
    return std::unique_ptr<StoreAccess>();
  }
  ClientOptions options;
  options.address = ToString(**address);
  options.timeout = std::chrono::seconds(target.timeout_seconds);
  std::unique_ptr<StoreAccess> daemon = NewRemoteAccess(options);
  const Status answer = daemon->Retention().status();
  if (answer.code() == StatusCode::kUnavailable && ReasonOf(answer) == Reason::kUnspecified) {
    return std::unique_ptr<StoreAccess>();  // a socket that a daemon left behind
  }
  RETURN_IF_ERROR(answer);
  return daemon;
}

}  // namespace

StatusOr<std::unique_ptr<StoreAccess>> OpenTarget(const TargetOptions& target,
                                                  IfMissing if_missing) {
  RETURN_IF_ERROR(CheckTarget(target));
  if (!target.home.has_value()) {
    ASSIGN_OR_RETURN(const ClientOptions options, ResolveClient(target));
    return NewRemoteAccess(options);
  }
  ASSIGN_OR_RETURN(const Config config, ConfigOfHome(target));
  return OpenLocalAccess(
      *target.home,
      if_missing == IfMissing::kFail ? WithoutAutomaticSnapshots(config.store) : config.store,
      if_missing);
}

StatusOr<std::unique_ptr<StoreAccess>> OpenAdminTarget(const TargetOptions& target) {
  RETURN_IF_ERROR(CheckTarget(target));
  if (target.home.has_value()) {
    ASSIGN_OR_RETURN(std::unique_ptr<StoreAccess> daemon, DaemonOfHome(target));
    if (daemon != nullptr) {
      return daemon;
    }
  }
  return OpenTarget(target, IfMissing::kFail);
}

StatusOr<std::unique_ptr<StoreAccess>> OpenOfflineTarget(
    const TargetOptions& target, const std::function<void(StoreOptions&)>& adjust) {
  RETURN_IF_ERROR(CheckHome(target));
  ASSIGN_OR_RETURN(const Config config, ConfigOfHome(target));
  StoreOptions options = WithoutAutomaticSnapshots(config.store);
  adjust(options);
  return OpenLocalAccess(*target.home, options, IfMissing::kFail);
}

StatusOr<std::string> StoreDirectory(const TargetOptions& target) {
  RETURN_IF_ERROR(CheckHome(target));
  std::string directory = JoinPath(*target.home, "flatkv");
  if (!PosixFileSystem().Stat(directory).ok()) {
    return MissingStoreError(*target.home);
  }
  return directory;
}

}  // namespace flatkv::cli
