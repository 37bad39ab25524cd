// Connections to a daemon. Only the files of this folder that speak gRPC include it: client*.cc,
// admin_client.cc and admin_convert.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>

namespace flatkv::cli {

// Connects on the first call. `address` as in ClientOptions.
std::shared_ptr<grpc::Channel> Connect(const std::string& address);

}  // namespace flatkv::cli
