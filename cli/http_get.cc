#include "cli/http_get.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace flatkv::cli {
namespace {

constexpr size_t kBytesMax = size_t{16} << 20;

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

Status NoAnswer(const ListenAddress& address, std::string_view what) {
  return Unavailable(fmt::format("metrics at {}: {}", ToString(address), what));
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

StatusOr<std::unique_ptr<Socket>> ConnectTo(const ListenAddress& address,
                                            std::chrono::seconds timeout) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int found =
      ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &list);
  if (found != 0) {
    return NoAnswer(address, ::gai_strerror(found));
  }
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(list);
  std::string cause = "no address";
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    auto socket = std::make_unique<Socket>(
        ::socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol));
    // Bounds connect and send, and each receive.
    const timeval limit{.tv_sec = timeout.count(), .tv_usec = 0};
    ::setsockopt(socket->fd(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    ::setsockopt(socket->fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (socket->fd() >= 0 && ::connect(socket->fd(), one->ai_addr, one->ai_addrlen) == 0) {
      return socket;
    }
    cause = std::strerror(errno);
  }
  return NoAnswer(address, cause);
}

}  // namespace

StatusOr<std::string> HttpGet(const ListenAddress& address, const std::string& path,
                              std::chrono::seconds timeout) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Socket> socket, ConnectTo(address, timeout));
  // HTTP/1.0: the answer ends where the connection does.
  const std::string request =
      fmt::format("GET {} HTTP/1.0\r\nHost: {}\r\n\r\n", path, address.host);
  for (size_t sent = 0; sent < request.size();) {
    const ssize_t more =
        ::send(socket->fd(), request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (more <= 0) {
      return NoAnswer(address, std::strerror(errno));
    }
    sent += static_cast<size_t>(more);
  }
  std::string answer;
  std::array<char, 65536> buffer;
  while (true) {
    const ssize_t more = ::recv(socket->fd(), buffer.data(), buffer.size(), 0);
    if (more < 0) {
      return NoAnswer(address, std::strerror(errno));
    }
    if (more == 0) {
      break;
    }
    answer.append(buffer.data(), static_cast<size_t>(more));
    if (answer.size() > kBytesMax) {
      return NoAnswer(address, "the page is too long");
    }
  }
  const size_t body = answer.find("\r\n\r\n");
  const std::string_view first = std::string_view(answer).substr(0, answer.find("\r\n"));
  if (body == std::string::npos || first.find(" 200") == std::string_view::npos) {
    return Internal(fmt::format("metrics at {}: it answers \"{}\"", ToString(address), first));
  }
  return answer.substr(body + 4);
}

}  // namespace flatkv::cli
