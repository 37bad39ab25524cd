#include "config/admin_listen.h"

#include <fmt/format.h>

#include <utility>

namespace flatkv {
namespace {

constexpr std::string_view kAuto = "auto";
constexpr std::string_view kOff = "off";
constexpr std::string_view kSocketName = "admin.sock";

}  // namespace

Status CheckAdminListen(std::string_view text) {
  if (text == kAuto || text == kOff) {
    return OkStatus();
  }
  ASSIGN_OR_RETURN(const ListenAddress address, ParseListenAddress(text));
  if (!IsLoopback(address)) {
    return InvalidArgument(fmt::format("\"{}\" can be reached from other machines", text));
  }
  return OkStatus();
}

StatusOr<std::optional<ListenAddress>> AdminAddress(std::string_view text,
                                                    const std::string& home) {
  RETURN_IF_ERROR(CheckAdminListen(text));
  if (text == kOff) {
    return std::optional<ListenAddress>();
  }
  if (text != kAuto) {
    ASSIGN_OR_RETURN(ListenAddress address, ParseListenAddress(text));
    return std::optional<ListenAddress>(std::move(address));
  }
  StatusOr<ListenAddress> address =
      ParseListenAddress(fmt::format("unix:{}/{}", home, kSocketName));
  if (!address.ok()) {
    return OutOfRange(MessageOf(address.status()));
  }
  return std::optional<ListenAddress>(*std::move(address));
}

}  // namespace flatkv
