#include "config/listen_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace flatkv {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr size_t kSocketPathBytesMax = sizeof(sockaddr_un::sun_path) - 1;
constexpr size_t kHostNameBytesMax = 253;  // RFC 1035, without the trailing dot
constexpr size_t kHostLabelBytesMax = 63;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAlphanumeric(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool IsPathCharacter(char c) {
  return IsAlphanumeric(c) || std::string_view("/._-+~:@=").find(c) != std::string_view::npos;
}

bool ParsesAs(int family, const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return inet_pton(family, host.c_str(), address.data()) == 1;
}

// Labels of letters, digits and hyphens (RFC 1123). Digits and dots alone are an IPv4 address, not
// a name.
bool IsHostName(std::string_view host) {
  if (host.empty() || host.size() > kHostNameBytesMax ||
      std::all_of(host.begin(), host.end(), [](char c) { return IsDigit(c) || c == '.'; })) {
    return false;
  }
  while (true) {
    const std::string_view label = host.substr(0, host.find('.'));
    if (label.empty() || label.size() > kHostLabelBytesMax || label.front() == '-' ||
        label.back() == '-' || !std::all_of(label.begin(), label.end(), [](char c) {
          return IsAlphanumeric(c) || c == '-';
        })) {
      return false;
    }
    if (label.size() == host.size()) {
      return true;
    }
    host.remove_prefix(label.size() + 1);
  }
}

Status Refuse(std::string_view text, std::string_view why) {
  return InvalidArgument(fmt::format("\"{}\": {}", text, why));
}

StatusOr<ListenAddress> ParseUnix(std::string_view text) {
  const std::string_view path = text.substr(kUnixPrefix.size());
  if (path.empty()) {
    return Refuse(text, "the socket path is empty");
  }
  if (path.size() > kSocketPathBytesMax) {
    return Refuse(text, fmt::format("the socket path has {} bytes, the system allows {}",
                                    path.size(), kSocketPathBytesMax));
  }
  if (!std::all_of(path.begin(), path.end(), IsPathCharacter)) {
    return Refuse(text, "the socket path has a character other than letters, digits and /._-+~:@=");
  }
  return ListenAddress{.kind = ListenAddress::Kind::kUnix, .path = std::string(path)};
}

StatusOr<uint16_t> ParsePort(std::string_view text, std::string_view port) {
  uint16_t value = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
  if (error != std::errc() || end != port.data() + port.size()) {
    return Refuse(text, fmt::format("port \"{}\" is not a number from 0 to 65535", port));
  }
  return value;
}

}  // namespace

StatusOr<ListenAddress> ParseListenAddress(std::string_view text) {
  if (text.substr(0, kUnixPrefix.size()) == kUnixPrefix) {
    return ParseUnix(text);
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.back() == ']') {
    return Refuse(text, "the port is missing");
  }
  std::string host(text.substr(0, colon));
  if (host.empty()) {
    return Refuse(text, "the host is empty; every IPv4 interface is 0.0.0.0, every interface [::]");
  }
  if (host.front() == '[') {
    host = host.back() == ']' ? host.substr(1, host.size() - 2) : "";
    if (!ParsesAs(AF_INET6, host)) {
      return Refuse(text, "what stands in brackets is not an IPv6 address");
    }
  } else if (host.find(':') != std::string::npos) {
    return Refuse(text, "an IPv6 address needs brackets, as in [::1]:7450");
  } else if (!ParsesAs(AF_INET, host) && !IsHostName(host)) {
    return Refuse(text, "the host is neither an IPv4 address nor a host name");
  }
  ASSIGN_OR_RETURN(const uint16_t port, ParsePort(text, text.substr(colon + 1)));
  return ListenAddress{.kind = ListenAddress::Kind::kTcp, .host = host, .port = port};
}

std::string ToString(const ListenAddress& address) {
  if (address.kind == ListenAddress::Kind::kUnix) {
    return fmt::format("{}{}", kUnixPrefix, address.path);
  }
  const bool is_ipv6 = address.host.find(':') != std::string::npos;
  return is_ipv6 ? fmt::format("[{}]:{}", address.host, address.port)
                 : fmt::format("{}:{}", address.host, address.port);
}

bool IsLoopback(const ListenAddress& address) {
  if (address.kind == ListenAddress::Kind::kUnix) {
    return true;
  }
  in_addr ipv4{};
  if (inet_pton(AF_INET, address.host.c_str(), &ipv4) == 1) {
    return (ntohl(ipv4.s_addr) >> 24) == 127;
  }
  in6_addr ipv6{};
  if (inet_pton(AF_INET6, address.host.c_str(), &ipv6) == 1) {
    return IN6_IS_ADDR_LOOPBACK(&ipv6);
  }
  constexpr std::string_view kLocalhost = "localhost";
  return std::equal(address.host.begin(), address.host.end(), kLocalhost.begin(), kLocalhost.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

}  // namespace flatkv
