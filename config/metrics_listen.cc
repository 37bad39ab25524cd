#include "config/metrics_listen.h"

#include <fmt/format.h>

#include <utility>

namespace flatkv {

StatusOr<std::optional<ListenAddress>> MetricsAddress(std::string_view text) {
  if (text.empty()) {
    return std::optional<ListenAddress>();
  }
  ASSIGN_OR_RETURN(ListenAddress address, ParseListenAddress(text));
  if (address.kind == ListenAddress::Kind::kUnix) {
    return InvalidArgument(fmt::format(
        "\"{}\": metrics are served over TCP only, Prometheus scrapes no socket file", text));
  }
  return std::optional<ListenAddress>(std::move(address));
}

Status CheckMetricsListen(std::string_view text) { return MetricsAddress(text).status(); }

}  // namespace flatkv
