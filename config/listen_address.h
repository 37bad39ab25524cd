// Where the server listens: "unix:PATH" or "HOST:PORT".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "flatkv/base/status.h"

namespace flatkv {

struct ListenAddress {
  enum class Kind { kTcp, kUnix };
  Kind kind = Kind::kTcp;
  std::string host{};  // kTcp: an IPv4 address, an IPv6 address without brackets, or a host name
  uint16_t port = 0;   // kTcp; 0: any free port
  std::string path{};  // kUnix

  bool operator==(const ListenAddress&) const = default;
};

// Checks the syntax only; resolves and opens nothing. An IPv6 address stands in brackets. A socket
// path is at most 107 bytes (unix(7)) of the characters that need no escape in gRPC's address URI.
// Errors: kInvalidArgument.
StatusOr<ListenAddress> ParseListenAddress(std::string_view text);

// The text that ParseListenAddress turns into the same address again; gRPC accepts it too.
std::string ToString(const ListenAddress& address);

// Nothing outside this machine can reach it: 127.0.0.0/8, ::1, "localhost", a Unix socket. Any
// other name counts as remote, for it may resolve to anything.
bool IsLoopback(const ListenAddress& address);

}  // namespace flatkv
