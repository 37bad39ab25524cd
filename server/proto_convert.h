// Between the messages of proto/flatkv/v1 and the store's types; those of AdminService are in
// admin_convert.h. No gRPC in here.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include <cstdint>
#include <string>

#include "flatkv/base/status.h"
#include "flatkv/store/store.h"
#include "flatkv/v1/changeset.pb.h"
#include "flatkv/v1/commit_service.pb.h"
#include "flatkv/v1/error.pb.h"
#include "flatkv/v1/query_service.pb.h"

namespace flatkv::server {

// What Info says beside the store's own StoreInfo.
struct ServiceLimits {
  std::string build;
  std::string wal_sync;
  uint64_t max_message_bytes = 0;
  ChangeSetLimits change_sets;
  std::string admin_address;  // empty: AdminService is not served
};

// Views into `changesets`, which must stay unchanged as long as the result is used.
ChangeSets ViewOf(const google::protobuf::RepeatedPtrField<v1::NamedChangeSet>& changesets);

void ToProto(const AppliedResult& result, v1::ApplyChangeSetsResponse* response);
void ToProto(const CommitResult& result, v1::CommitResponse* response);
void ToProto(const StoreInfo& info, const ServiceLimits& limits, v1::InfoResponse* response);
void ToProto(const VersionRoot& root, v1::RootResponse* response);
// Moves the values out of `result`. REQUIRES: it has one value.
void ToProto(ReadResult result, v1::GetResponse* response);
void ToProto(ReadResult result, v1::BatchGetResponse* response);

// Views into `request`.
IterateRange RangeOf(const v1::IterateRequest& request);

// What a request may ask to read at, 0 (the head) included. Errors: kInvalidArgument.
Status CheckReadVersion(Version version);

// REQUIRES: !status.ok().
v1::ErrorDetail DetailOf(const Status& status);

}  // namespace flatkv::server
