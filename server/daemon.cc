#include "server/daemon.h"

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "config/admin_listen.h"
#include "config/config_keys.h"
#include "config/key_value.h"
#include "flatkv/base/allocator.h"
#include "flatkv/base/exit_codes.h"
#include "flatkv/base/hex.h"
#include "flatkv/fs/posix_file_system.h"
#include "flatkv/store/store.h"
#include "server/build_version.h"
#include "server/daemon_metrics.h"
#include "server/disk_watch.h"
#include "server/metrics_server.h"
#include "server/server.h"
#include "server/service_status.h"
#include "server/spdlog_logger.h"
#include "server/stop_signal.h"
#include "server/systemd_notify.h"
#include "server/validation_process.h"

namespace flatkv::server {
namespace {

constexpr std::chrono::milliseconds kHealthInterval{1000};

// gRPC logs through one function for the whole process.
Logger* grpc_log_target = nullptr;

void ForwardGrpcLog(gpr_log_func_args* line) {
  const LogLevel level =
      line->severity == GPR_LOG_SEVERITY_ERROR ? LogLevel::kWarning : LogLevel::kDebug;
  grpc_log_target->Log(level, "grpc", line->message);
}

ExitCode Fail(const Status& status) {
  fmt::print(stderr, "flatkvd: {}\n", MessageOf(status));
  NotifySystemd(fmt::format("STATUS={}", MessageOf(status)));
  return ExitCodeOf(status);
}

StatusOr<Config> LoadDaemonConfig(const DaemonOptions& options) {
  const Environment environment = ProcessEnvironment();
  if (options.config_path.has_value()) {
    return LoadConfig(*options.config_path, environment, options.flags);
  }
  const std::string path = options.home + "/flatkv.toml";
  StatusOr<Config> config = LoadConfig(path, environment, options.flags);
  if (config.status().code() == StatusCode::kNotFound) {
    return ParseConfig("", path, environment, options.flags);
  }
  return config;
}

// Half of a large store's descriptors would otherwise be opened and closed with every read.
void RaiseDescriptorLimit(Logger& logger) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return;
  }
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    logger.Log(LogLevel::kWarning, "daemon.descriptors",
               "the limit of open files could not be raised");
  }
}

void LogConfig(const Config& config, Logger& logger) {
  const Config defaults = DefaultConfig();
  for (const KeySpec& spec : ConfigKeys()) {
    const KeyValue value = spec.field.get(config);
    if (value == spec.field.get(defaults)) {
      continue;
    }
    const auto origin = config.origins.find(QualifiedName(spec));
    logger.Log(LogLevel::kInfo, "config.value",
               fmt::format("{} = {} ({})", QualifiedName(spec), FormatKeyValue(spec, value),
                           origin == config.origins.end() ? "default" : origin->second));
  }
}

void LogOpen(Store& store, Logger& logger) {
  const StoreInfo info = store.Info();
  logger.Log(
      LogLevel::kInfo, "store.open",
      fmt::format("store {} suite {} version {} root {}, recovered in {:.2f} s, "
                  "on-dirty-store {}",
                  info.store_id, SuiteName(info.suite), info.version, HexEncode(AsBytes(info.root)),
                  store.recovery().seconds, store.admin().Retention().on_dirty_store));
}

void AnnounceServing(const Server& server, const MetricsServer* metrics, Store& store) {
  const VersionRoot head = store.CommittedRoot();
  for (const std::string& address : server.addresses()) {
    fmt::print("flatkvd: serving on {} (version {}, root {})\n", address, head.version,
               HexEncode(AsBytes(head.root)));
  }
  if (const std::string admin = server.admin_address(); !admin.empty()) {
    fmt::print("flatkvd: admin service on {}\n", admin);
  }
  if (metrics != nullptr) {
    fmt::print("flatkvd: metrics on http://{}/metrics\n", metrics->address());
  }
  std::fflush(stdout);
  NotifySystemd("READY=1");
}

void ServeUntilStopped(Server& server, Store& store, DiskWatch& disk, StopSignal& stop,
                       Logger& logger) {
  ServiceStatus status(store, logger);
  do {
    server.RefreshHealth();
    const std::string little_space = disk.Refresh(DiskWatch::Clock::now());
    if (const std::optional<std::string> text = status.Refresh(little_space); text.has_value()) {
      NotifySystemd(fmt::format("STATUS={}", *text));
    }
  } while (!stop.WaitFor(kHealthInterval));
}

// Clients of AdminService have other working directories than the daemon. REQUIRES: `home` exists.
std::string AbsolutePath(const std::string& home) {
  const std::unique_ptr<char, decltype(&std::free)> path(realpath(home.c_str(), nullptr),
                                                         &std::free);
  return path == nullptr ? home : path.get();
}

// Unset: AdminService is not served.
StatusOr<std::optional<ListenAddress>> AdminAddressOf(const Config& config, const std::string& home,
                                                      Logger& logger) {
  StatusOr<std::optional<ListenAddress>> address =
      AdminAddress(config.server.admin_listen, AbsolutePath(home));
  if (address.status().code() != StatusCode::kOutOfRange) {
    return address;
  }
  logger.Log(LogLevel::kWarning, "admin.off",
             fmt::format("the admin service is not served, so flatkv can take no snapshot and roll "
                         "nothing back through this daemon: {}; choose an address with "
                         "--admin-listen or [server] admin-listen, such as "
                         "\"unix:/run/flatkv/admin.sock\"",
                         MessageOf(address.status())));
  return std::optional<ListenAddress>();
}

// The store outlives the server; what it was closed with decides the exit code.
ExitCode CloseStore(Store& store, Logger& logger) {
  const Status health = store.Health();
  const VersionRoot head = store.CommittedRoot();
  const Status closed = store.Close();
  if (!health.ok()) {
    return Fail(health);
  }
  if (!closed.ok()) {
    return Fail(Annotate(closed, "closing the store"));
  }
  logger.Log(LogLevel::kInfo, "daemon.stopped",
             fmt::format("version {} root {}", head.version, HexEncode(AsBytes(head.root))));
  return kExitOk;
}

StatusOr<std::unique_ptr<Server>> StartServer(const DaemonOptions& options, const Config& config,
                                              const ServiceMetrics& metrics, Store& store,
                                              Logger& logger) {
  ASSIGN_OR_RETURN(const std::optional<ListenAddress> admin,
                   AdminAddressOf(config, options.home, logger));
  return Server::Start(store, logger,
                       {.config = config.server,
                        .limits = config.store.limits,
                        .wal_sync = std::string(WalSyncName(config.store.wal_sync)),
                        .build = kBuildVersion,
                        .admin_address = admin,
                        .metrics = metrics});
}

ExitCode Serve(const DaemonOptions& options, const Config& config, Logger& logger,
               StopSignal& stop) {
  NotifySystemd("STATUS=opening the store");
  ValidationProcess validation;
  StoreOptions store_options = config.store;
  store_options.build = kBuildVersion;
  store_options.scrub.in_background = true;
  store_options.snapshot.full_validation = [&validation](const std::string& clone_directory) {
    return validation.Validate(clone_directory);
  };
  StatusOr<std::unique_ptr<Store>> store =
      Store::Open(PosixFileSystem(), logger, options.home, store_options);
  if (!store.ok()) {
    return Fail(store.status());
  }
  LogOpen(**store, logger);
  const ServiceMetrics metrics = NewServiceMetrics(config);
  // First, and last to go: who watches the daemon sees what its clients do from begin to end.
  const StatusOr<std::unique_ptr<MetricsServer>> exporter =
      StartMetrics(config, options.home, kBuildVersion, PosixFileSystem(), **store, metrics);
  StatusOr<std::unique_ptr<Server>> server =
      exporter.ok() ? StartServer(options, config, metrics, **store, logger)
                    : StatusOr<std::unique_ptr<Server>>(exporter.status());
  if (!server.ok()) {
    const ExitCode code = Fail(server.status());
    validation.Stop();
    static_cast<void>(CloseStore(**store, logger));
    return code;
  }
  stop.BeGraceful();
  AnnounceServing(**server, exporter->get(), **store);
  DiskWatch disk(PosixFileSystem(), logger, DiskOf(config, options.home));
  ServeUntilStopped(**server, **store, disk, stop, logger);
  NotifySystemd("STOPPING=1\nSTATUS=draining");
  logger.Log(LogLevel::kInfo, "daemon.stopping",
             fmt::format("draining for at most {} ms", config.server.drain_timeout.count()));
  (*server)->Drain(config.server.drain_timeout);
  server->reset();
  // What a client asked for is done by now; an automatic snapshot can be taken again.
  validation.Stop();
  return CloseStore(**store, logger);
}

}  // namespace

int RunDaemon(const DaemonOptions& options) {
  const StatusOr<Config> config = LoadDaemonConfig(options);
  if (!config.ok()) {
    const ExitCode code = Fail(Annotate(config.status(), "configuration"));
    return code == kExitNotFound ? kExitUsage : code;
  }
  if (options.check_config) {
    fmt::print("{}", RenderEffective(*config));
    return kExitOk;
  }
  StopSignal stop;
  SpdlogLogger logger(config->log);
  grpc_log_target = &logger;
  gpr_set_log_function(&ForwardGrpcLog);
  logger.Log(
      LogLevel::kInfo, "daemon.start",
      fmt::format("flatkvd {} home {} allocator {}", kBuildVersion, options.home, AllocatorName()));
  LogConfig(*config, logger);
  RaiseDescriptorLimit(logger);
  const ExitCode code = Serve(options, *config, logger, stop);
  gpr_set_log_function(nullptr);
  return code;
}

}  // namespace flatkv::server
