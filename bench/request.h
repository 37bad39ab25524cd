// The request that commits a block, without protobuf's messages: its wire form is that of a
// ChangelogEntry (proto/flatkv/v1/commit_service.proto), which this project encodes itself.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include "flatkv/base/types.h"
#include "flatkv/codec/change_set.h"

namespace flatkv::bench {

grpc::ByteBuffer EncodeRequest(Version version, const ChangeSets& changes);

}  // namespace flatkv::bench
