#include "cli/channel.h"

#include <grpc/grpc.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

namespace flatkv::cli {
namespace {

// gRPC 1.51 shuts itself down with its last object, and can hang there when that object dies in a
// callback; initialised once more, it never does.
void KeepGrpcInitialised() {
  static const bool initialised = [] {
    grpc_init();
    return true;
  }();
  static_cast<void>(initialised);
}

}  // namespace

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  KeepGrpcInitialised();
  grpc::ChannelArguments arguments;
  // The daemon is on this machine or named explicitly; a proxy from the environment would only be
  // in the way.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace flatkv::cli
