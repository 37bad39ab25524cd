// What a listen address needs that gRPC does not do: refusing remote plaintext, clearing a dead
// daemon's socket file, a socket's mode, and the reason why an address could not be bound.
#pragma once

#include <string_view>

#include "config/listen_address.h"
#include "flatkv/base/status.h"

namespace flatkv::server {

// What the operator chose an address with, for messages.
struct ListenSetting {
  std::string_view key;   // of [server]
  std::string_view flag;  // of flatkvd
};
inline constexpr ListenSetting kNodeListen = {.key = "listen", .flag = "--listen"};
inline constexpr ListenSetting kAdminListen = {.key = "admin-listen", .flag = "--admin-listen"};
inline constexpr ListenSetting kMetricsListen = {.key = "metrics-listen",
                                                 .flag = "--metrics-listen"};

// "cannot listen on ADDRESS: WHY; choose another ...": kFailedPrecondition.
Status CannotListen(const ListenAddress& address, const ListenSetting& setting,
                    std::string_view why);

// Errors: kInvalidArgument for an address that is not loopback, unless `allow_insecure_remote`.
Status CheckPlaintextAllowed(const ListenAddress& address, const ListenSetting& setting,
                             bool allow_insecure_remote);

// Removes the socket file of a daemon that is gone; no other file is ever removed. Nothing to do
// for TCP. Errors: kFailedPrecondition when a process answers on the socket; kInvalidArgument when
// the path is not a socket.
Status ClearStaleSocket(const ListenAddress& address, const ListenSetting& setting);

// Lets the owner and the group connect (0660). Nothing to do for TCP.
Status SetSocketMode(const ListenAddress& address, const ListenSetting& setting);

// Why `address` cannot be bound, found out by trying; OK if the attempt succeeds after all.
// Errors: kFailedPrecondition.
Status DiagnoseBind(const ListenAddress& address, const ListenSetting& setting);

}  // namespace flatkv::server
