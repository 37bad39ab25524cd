// A Unix socket that only its owner can open, from its first moment on: it is bound in a directory
// that nobody else can enter, and moved to its path once its mode is set. (A umask would be the
// whole process's, and the store makes files meanwhile.)
//
// Thread safety: none.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <utility>

#include "config/listen_address.h"
#include "flatkv/base/status.h"

namespace flatkv::server {

class PrivateSocket {
 public:
  // Removes a dead daemon's socket file at `address` and makes the directory to bind in, beside
  // it. A process that is killed before Publish leaves that directory behind. REQUIRES:
  // address.kind is kUnix. Errors: kFailedPrecondition when a process answers on the socket, the
  // directory cannot be made or its path is too long; kInvalidArgument when the path is not a
  // socket.
  static StatusOr<std::unique_ptr<PrivateSocket>> Prepare(const ListenAddress& address);
  // Removes the socket, wherever it is, unless another file has taken its place.
  ~PrivateSocket();
  PrivateSocket(const PrivateSocket&) = delete;
  PrivateSocket& operator=(const PrivateSocket&) = delete;

  // Where to bind.
  const ListenAddress& bind_address() const { return bind_address_; }
  // Moves the bound socket, mode 0600, to its address. Errors: kFailedPrecondition.
  Status Publish();

 private:
  PrivateSocket(ListenAddress address, std::string directory, ListenAddress bind_address)
      : address_(std::move(address)),
        directory_(std::move(directory)),
        bind_address_(std::move(bind_address)) {}

  const ListenAddress address_;
  const std::string directory_;
  const ListenAddress bind_address_;
  bool published_ = false;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace flatkv::server
