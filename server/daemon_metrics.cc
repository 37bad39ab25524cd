#include "server/daemon_metrics.h"

#include <optional>
#include <utility>

#include "config/metrics_listen.h"
#include "server/listen_socket.h"
#include "server/process_metrics.h"
#include "server/store_metrics.h"

namespace flatkv::server {
namespace {

StoreMetricsOptions StoreOptionsOf(const Config& config) {
  StoreMetricsOptions options{.wal_sync = std::string(WalSyncName(config.store.wal_sync)),
                              .overlay_bytes_max = config.store.overlay_bytes_max};
  if (config.store.snapshot.policy == SnapshotPolicy::kInterval) {
    options.snapshot_interval = config.store.snapshot.interval_versions;
  }
  return options;
}

}  // namespace

std::string_view WalSyncName(WalSync sync) {
  switch (sync) {
    case WalSync::kAlways:
      return "always";
    case WalSync::kInterval:
      return "interval";
    case WalSync::kOff:
      return "off";
  }
  return "";
}

ServiceMetrics NewServiceMetrics(const Config& config) {
  ServiceMetrics metrics;
  if (!config.server.metrics_listen.empty()) {
    metrics.rpcs = std::make_shared<RpcMetrics>();
  }
  return metrics;
}

DiskWatchOptions DiskOf(const Config& config, const std::string& home) {
  return {.directory = home + "/flatkv", .warn_bytes = config.server.disk_warn_bytes};
}

StatusOr<std::unique_ptr<MetricsServer>> StartMetrics(const Config& config, const std::string& home,
                                                      const std::string& build, FileSystem& fs,
                                                      Store& store, const ServiceMetrics& metrics) {
  ASSIGN_OR_RETURN(const std::optional<ListenAddress> address,
                   MetricsAddress(config.server.metrics_listen));
  if (!address.has_value()) {
    return std::unique_ptr<MetricsServer>();
  }
  RETURN_IF_ERROR(
      CheckPlaintextAllowed(*address, kMetricsListen, config.server.allow_insecure_remote));
  MetricsServer::Sources sources = {
      std::make_shared<ProcessMetrics>(fs, DiskOf(config, home), build),
      std::make_shared<StoreMetrics>(store, StoreOptionsOf(config)), metrics.commits};
  if (metrics.rpcs != nullptr) {
    sources.push_back(metrics.rpcs);
  }
  return MetricsServer::Start(*address, std::move(sources));
}

}  // namespace flatkv::server
