// Where the daemon serves its metrics over HTTP: [server] metrics-listen.
#pragma once

#include <optional>
#include <string_view>

#include "config/listen_address.h"
#include "flatkv/base/status.h"

namespace flatkv {

// The address that `text` stands for; nullopt for "", which serves none. A Unix socket is refused:
// Prometheus cannot scrape one. Errors: kInvalidArgument.
StatusOr<std::optional<ListenAddress>> MetricsAddress(std::string_view text);

// OK when MetricsAddress is.
Status CheckMetricsListen(std::string_view text);

}  // namespace flatkv
