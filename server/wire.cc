#include "server/wire.h"

#include <fmt/format.h>
#include <grpcpp/support/proto_buffer_reader.h>

namespace flatkv::server {

Status Parse(const grpc::ByteBuffer& bytes, google::protobuf::Message* message) {
  grpc::ByteBuffer shared(bytes);  // the reader wants it mutable; the slices are not copied
  grpc::ProtoBufferReader reader(&shared);
  if (!reader.status().ok() || !message->ParseFromZeroCopyStream(&reader)) {
    return InvalidArgument(
        fmt::format("the request of {} bytes is not a {}", bytes.Length(), message->GetTypeName()));
  }
  return OkStatus();
}

grpc::ByteBuffer Serialize(const google::protobuf::Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace flatkv::server
