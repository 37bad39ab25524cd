// A CommitService that parses every request and answers at once, with a root of zeros: what the
// transport and the messages cost without a store. Not the daemon's server: generated synchronous
// code, and a fresh message for each unary request.
//
// Thread safety: one thread at a time.
#pragma once

#include <memory>
#include <string>

#include "flatkv/base/status.h"

namespace flatkv::bench {

class EchoServer {
 public:
  virtual ~EchoServer() = default;
  virtual const std::string& address() const = 0;
};

// Serves on `address`, "unix:PATH" or "HOST:PORT" (port 0: any free one). Errors: kUnavailable.
StatusOr<std::unique_ptr<EchoServer>> StartEchoServer(const std::string& address);

}  // namespace flatkv::bench
