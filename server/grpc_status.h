// Our Status as gRPC sends it: the same code, the message, and a google.rpc.Status with one
// ErrorDetail (proto/flatkv/v1/error.proto) in the trailer grpc-status-details-bin.
// https://grpc.io/docs/guides/error/#richer-error-model
#pragma once

#include <grpcpp/support/status.h>

#include <string>
#include <string_view>

#include "flatkv/base/status.h"

namespace flatkv::server {

// Trailers are limited to 8 KiB and carry the message twice, once with every byte escaped: longer
// ones are cut.
inline constexpr size_t kMessageBytesMax = 1000;

grpc::Status ToGrpcStatus(const Status& status);

// "OK", "FAILED_PRECONDITION" and so on, for the codes that our Status and gRPC share. A constant.
inline constexpr int kCodes = 17;
std::string_view CodeName(int code);

// `text` with a question mark for every byte that is not printable ASCII: for trailers, which are
// UTF-8, and for lines of the log, which a client must not end.
std::string PrintableText(std::string_view text);

}  // namespace flatkv::server
