// Our Status as gRPC sends it: the same code, the message, and a google.rpc.Status with one
// ErrorDetail (proto/flatkv/v1/error.proto) in the trailer grpc-status-details-bin.
// https://grpc.io/docs/guides/error/#richer-error-model
#pragma once

#include <grpcpp/support/status.h>

#include "flatkv/base/status.h"

namespace flatkv::server {

// Trailers are limited to 8 KiB and carry the message twice, once with every byte escaped: longer
// ones are cut.
inline constexpr size_t kMessageBytesMax = 1000;

grpc::Status ToGrpcStatus(const Status& status);

}  // namespace flatkv::server
