#include "server/listen_socket.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace flatkv::server {
namespace {

constexpr mode_t kSocketMode = 0660;

class Socket {
 public:
  explicit Socket(int family) : fd_(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (fd_ >= 0) {
      close(fd_);
    }
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

// REQUIRES: path.size() < sizeof(sun_path), which ParseListenAddress checks.
sockaddr_un UnixAddress(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// 0, or the errno of connecting.
int TryConnect(const std::string& path) {
  const Socket probe(AF_UNIX);
  const sockaddr_un address = UnixAddress(path);
  if (probe.fd() < 0 ||
      connect(probe.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return errno;
  }
  return 0;
}

int TryBind(int family, const sockaddr* address, socklen_t length) {
  const Socket probe(family);
  const int on = 1;
  if (probe.fd() < 0 || setsockopt(probe.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      bind(probe.fd(), address, length) != 0 || listen(probe.fd(), 1) != 0) {
    return errno;
  }
  return 0;
}

Status CannotBind(const ListenAddress& address, const ListenSetting& setting, int error_number) {
  const Status cause = ErrnoStatus("bind", ToString(address), error_number);
  return CannotListen(address, setting, MessageOf(cause));
}

Status DiagnoseUnixBind(const ListenAddress& address, const ListenSetting& setting) {
  const sockaddr_un unix_address = UnixAddress(address.path);
  const int error =
      TryBind(AF_UNIX, reinterpret_cast<const sockaddr*>(&unix_address), sizeof(unix_address));
  if (error != 0) {
    return CannotBind(address, setting, error);
  }
  unlink(address.path.c_str());
  return OkStatus();
}

}  // namespace

Status CannotListen(const ListenAddress& address, const ListenSetting& setting,
                    std::string_view why) {
  return FailedPrecondition(
      fmt::format("cannot listen on {}: {}; choose another address with {} or [server] {}",
                  ToString(address), why, setting.flag, setting.key));
}

Status CheckPlaintextAllowed(const ListenAddress& address, const ListenSetting& setting,
                             bool allow_insecure_remote) {
  if (allow_insecure_remote || IsLoopback(address)) {
    return OkStatus();
  }
  return InvalidArgument(
      fmt::format("[server] {}: {} can be reached from other machines, and the connection is "
                  "neither encrypted nor "
                  "authenticated; set [server] allow-insecure-remote = true "
                  "(--allow-insecure-remote) if the network is trusted",
                  setting.key, ToString(address)));
}

Status ClearStaleSocket(const ListenAddress& address, const ListenSetting& setting) {
  struct stat found {};
  if (address.kind != ListenAddress::Kind::kUnix || lstat(address.path.c_str(), &found) != 0) {
    return OkStatus();  // a path that cannot be looked at cannot be bound either: the bind tells
  }
  if (!S_ISSOCK(found.st_mode)) {
    return InvalidArgument(
        fmt::format("[server] {}: {} is not a socket; remove it or choose another path",
                    setting.key, address.path));
  }
  const int error = TryConnect(address.path);
  if (error == 0) {
    return CannotListen(address, setting, "another process serves this socket");
  }
  if (error != ECONNREFUSED) {
    return CannotBind(address, setting, error);
  }
  if (unlink(address.path.c_str()) != 0 && errno != ENOENT) {
    return CannotBind(address, setting, errno);
  }
  return OkStatus();
}

Status SetSocketMode(const ListenAddress& address, const ListenSetting& setting) {
  if (address.kind == ListenAddress::Kind::kUnix && chmod(address.path.c_str(), kSocketMode) != 0) {
    return CannotBind(address, setting, errno);
  }
  return OkStatus();
}

Status DiagnoseBind(const ListenAddress& address, const ListenSetting& setting) {
  if (address.kind == ListenAddress::Kind::kUnix) {
    return DiagnoseUnixBind(address, setting);
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int unresolved =
      getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (unresolved != 0) {
    return CannotListen(address, setting, gai_strerror(unresolved));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    const int error = TryBind(each->ai_family, each->ai_addr, each->ai_addrlen);
    if (error != 0) {
      return CannotBind(address, setting, error);
    }
  }
  return OkStatus();
}

}  // namespace flatkv::server
