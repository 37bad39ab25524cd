// Between the messages of proto/flatkv/v1 and the types of the library, on the client's side.
#pragma once

#include <grpcpp/support/status.h>

#include <string>

#include "cli/block.h"
#include "cli/client.h"
#include "flatkv/base/status.h"
#include "flatkv/store/store.h"
#include "flatkv/v1/commit_service.pb.h"

namespace flatkv::cli {

// The daemon's status with the reason and the expected version of its ErrorDetail. What never
// reached a daemon gets a message that names the address.
Status FromGrpc(const grpc::Status& status, const ClientOptions& options);

// Errors: kInternal, when the daemon answers with something that it must not.
StatusOr<Digest> ToDigest(const std::string& bytes);
StatusOr<Suite> ToSuite(const std::string& name);
StatusOr<CommitResult> ToResult(const v1::CommitResponse& response);
StatusOr<StoreInfo> ToInfo(const v1::InfoResponse& response);

// Both overwrite what they fill, and it keeps the elements and strings that it has: a request that
// is used for one block after another allocates little.
void Fill(const Block& block, v1::CommitBlockRequest* request);
void Fill(const ChangeSets& changes,
          google::protobuf::RepeatedPtrField<v1::NamedChangeSet>* change_sets);

}  // namespace flatkv::cli
