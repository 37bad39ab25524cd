// The service manager's notification socket (sd_notify(3)), without libsystemd.
#pragma once

#include <string_view>

namespace flatkv::server {

// Sends one datagram such as "READY=1\nSTATUS=serving" to $NOTIFY_SOCKET; nothing without that
// variable. A failure is of no consequence to the daemon and dropped. REQUIRES: no other thread
// changes the environment.
void NotifySystemd(std::string_view state);

}  // namespace flatkv::server
