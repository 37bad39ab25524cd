// A request that carries change sets, as the store takes it: views into the bytes that came over
// the wire. CommitBlockRequest and ApplyChangeSetsRequest have the fields of a ChangelogEntry, so
// the changelog's own decoder reads them without copying a key or a value. What it does not know
// (fields of a newer client, unusual encodings) is parsed by protobuf, which decides then.
//
// Thread safety: immutable.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <cstddef>
#include <memory>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/codec/change_set.h"
#include "flatkv/v1/commit_service.pb.h"

namespace flatkv::server {

class BlockRequest {
 public:
  // Shares the slice of `bytes` if it is one, otherwise copies them into one. Errors:
  // kInvalidArgument.
  static StatusOr<std::shared_ptr<const BlockRequest>> Parse(const grpc::ByteBuffer& bytes);
  BlockRequest(const BlockRequest&) = delete;
  BlockRequest& operator=(const BlockRequest&) = delete;

  Version version() const { return version_; }
  // Views that live as long as this.
  const ChangeSets& changes() const { return changes_; }
  // On the wire.
  size_t size_bytes() const { return size_bytes_; }

 private:
  BlockRequest() = default;
  // False if protobuf has to say.
  bool Decode();
  Status ParseByProtobuf(const grpc::ByteBuffer& bytes);

  size_t size_bytes_ = 0;
  grpc::Slice slice_;
  std::unique_ptr<v1::CommitBlockRequest> message_;  // if protobuf parsed it
  Version version_ = 0;
  ChangeSets changes_;
};

}  // namespace flatkv::server
