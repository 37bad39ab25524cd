// Serves metrics for Prometheus: GET /metrics in the text format, over HTTP. Every other path is
// 404. What is served is collected at the scrape; beside it stand exposer_*, the library's own
// counts of scrapes.
//
// Thread safety: every method may be called from any thread, the destructor once.
#pragma once

#include <prometheus/collectable.h>

#include <memory>
#include <string>
#include <vector>

#include "config/listen_address.h"
#include "flatkv/base/status.h"

namespace flatkv::server {

class MetricsServer {
 public:
  using Sources = std::vector<std::shared_ptr<prometheus::Collectable>>;

  // Binds and serves; no two sources have a metric of the same name. Errors: kInvalidArgument for a
  // Unix socket; kFailedPrecondition, naming the address, if it cannot be bound.
  static StatusOr<std::unique_ptr<MetricsServer>> Start(const ListenAddress& address,
                                                        Sources sources);
  // Waits for the scrapes that run.
  virtual ~MetricsServer() = default;

  // "HOST:PORT" with the port that was chosen instead of 0.
  virtual std::string address() const = 0;
};

}  // namespace flatkv::server
