// Messages to and from gRPC's byte buffers. The calls that carry change sets take raw bytes and
// parse them here: gRPC itself would answer an unreadable message with UNIMPLEMENTED, and on a
// stream take it for the end of the stream.
#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/support/byte_buffer.h>

#include "flatkv/base/status.h"

namespace flatkv::server {

// Errors: kInvalidArgument.
Status Parse(const grpc::ByteBuffer& bytes, google::protobuf::Message* message);
// For small messages: the bytes are copied.
grpc::ByteBuffer Serialize(const google::protobuf::Message& message);

}  // namespace flatkv::server
