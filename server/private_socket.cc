#include "server/private_socket.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "server/listen_socket.h"

namespace flatkv::server {
namespace {

constexpr mode_t kOwnerOnly = 0600;
// "a-XXXXXX/s" is no longer than "admin.sock".
constexpr char kDirectoryTemplate[] = "a-XXXXXX";
constexpr char kBoundName[] = "/s";

Status Failed(const ListenAddress& address, std::string_view call, std::string_view path) {
  const Status cause = ErrnoStatus(call, path, errno);
  return CannotListen(address, kAdminListen, MessageOf(cause));
}

}  // namespace

StatusOr<std::unique_ptr<PrivateSocket>> PrivateSocket::Prepare(const ListenAddress& address) {
  RETURN_IF_ERROR(ClearStaleSocket(address, kAdminListen));
  const std::string& path = address.path;
  std::string directory = path.substr(0, path.rfind('/') + 1) + kDirectoryTemplate;
  StatusOr<ListenAddress> bind_address =
      ParseListenAddress(fmt::format("unix:{}{}", directory, kBoundName));
  if (!bind_address.ok()) {
    return CannotListen(address, kAdminListen, MessageOf(bind_address.status()));
  }
  if (mkdtemp(directory.data()) == nullptr) {  // mode 0700
    return Failed(address, "mkdtemp", directory);
  }
  bind_address->path = directory + kBoundName;
  return std::unique_ptr<PrivateSocket>(
      new PrivateSocket(address, std::move(directory), *std::move(bind_address)));
}

PrivateSocket::~PrivateSocket() {
  if (!published_) {
    unlink(bind_address_.path.c_str());
    rmdir(directory_.c_str());
    return;
  }
  struct stat found {};
  if (lstat(address_.path.c_str(), &found) == 0 && found.st_dev == device_ &&
      found.st_ino == inode_) {
    unlink(address_.path.c_str());
  }
}

Status PrivateSocket::Publish() {
  const std::string& bound = bind_address_.path;
  struct stat made {};
  if (chmod(bound.c_str(), kOwnerOnly) != 0 || lstat(bound.c_str(), &made) != 0) {
    return Failed(address_, "chmod", bound);
  }
  if (std::rename(bound.c_str(), address_.path.c_str()) != 0) {
    return Failed(address_, "rename", bound);
  }
  published_ = true;
  device_ = made.st_dev;
  inode_ = made.st_ino;
  rmdir(directory_.c_str());
  return OkStatus();
}

}  // namespace flatkv::server
