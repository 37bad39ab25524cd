// The metrics of flatkvd: everything that a scrape gathers, on [server] metrics-listen.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "config/config.h"
#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/store/store.h"
#include "server/disk_watch.h"
#include "server/metrics_server.h"
#include "server/service_metrics.h"

namespace flatkv::server {

// "always", "interval" or "off", as the configuration has it.
std::string_view WalSyncName(WalSync sync);

// What counts while the daemon serves; calls only if metrics are served.
ServiceMetrics NewServiceMetrics(const Config& config);

// The file system that the store under `home` writes to.
DiskWatchOptions DiskOf(const Config& config, const std::string& home);

// Serves `metrics` and what `fs` and `store` say, which both outlive the result. Null if the
// configuration names no address. Errors: those of MetricsServer::Start; kInvalidArgument for an
// address that the configuration must not have.
StatusOr<std::unique_ptr<MetricsServer>> StartMetrics(const Config& config, const std::string& home,
                                                      const std::string& build, FileSystem& fs,
                                                      Store& store, const ServiceMetrics& metrics);

}  // namespace flatkv::server
