// One GET of a page over plain HTTP, for the daemon's metrics.
#pragma once

#include <chrono>
#include <string>

#include "config/listen_address.h"
#include "flatkv/base/status.h"

namespace flatkv::cli {

// The body of `path` at `address`, at most 16 MiB. Errors: kUnavailable if nobody answers in time;
// kInternal for an answer that is not 200.
StatusOr<std::string> HttpGet(const ListenAddress& address, const std::string& path,
                              std::chrono::seconds timeout);

}  // namespace flatkv::cli
