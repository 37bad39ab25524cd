// Where AdminService listens: [server] admin-listen. It lets whoever reaches it roll a store back,
// so it is never an address that other machines reach.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/listen_address.h"
#include "flatkv/base/status.h"

namespace flatkv {

// "auto", "off", "unix:PATH", or a loopback "HOST:PORT". Errors: kInvalidArgument.
Status CheckAdminListen(std::string_view text);

// The address that `text` stands for; nullopt for "off". "auto" is the socket admin.sock in `home`.
// Errors: kInvalidArgument as CheckAdminListen; kOutOfRange when "auto" has a path that cannot be
// the address of a socket, because it is too long or has other characters than ListenAddress
// allows.
StatusOr<std::optional<ListenAddress>> AdminAddress(std::string_view text, const std::string& home);

}  // namespace flatkv
