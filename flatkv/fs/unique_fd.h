// Owns a file descriptor.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace flatkv {

class UniqueFd {
 public:
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { static_cast<void>(Close()); }

  int get() const { return fd_; }
  // 0 or -1 with errno. Linux has released the descriptor even when it says EINTR, so a close is
  // never retried.
  int Close() {
    if (fd_ < 0) {
      return 0;
    }
    const int result = ::close(std::exchange(fd_, -1));
    return result == -1 && errno == EINTR ? 0 : result;
  }

 private:
  int fd_;
};

}  // namespace flatkv
