// Between the messages of StateService and the store's types. No gRPC in here.
#pragma once

#include <string>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/store/state_reader.h"
#include "flatkv/v1/state_service.pb.h"

namespace flatkv::server {

void ToProto(const VersionRanges& ranges, v1::RangesResponse* response);
void ToProto(const StateSums& sums, v1::StateSums* message);
void ToProto(const VersionSums& sums, bool roots_only, v1::HashLogResponse::Entry* entry);
void ToProto(const SideState& state, v1::StateResponse* response);
void ToProto(const StateSizes& sizes, v1::StateSizeResponse* response);
void ToProto(const KeyChange& change, bool with_values, v1::DiffResponse::Change* message);
// `keys` may be empty: then no piece says where it begins.
void ToProto(const std::vector<RangeDigest>& digests, const std::vector<std::string>& keys,
             bool with_hashes, v1::RangeDigestsResponse* response);
void ToProto(const std::vector<RowDigest>& rows, v1::RangeRowsResponse* response);
void ToProto(std::vector<std::optional<StoredValue>> values, v1::RangeRowsResponse* response);

// Errors for both: kInvalidArgument.
StatusOr<RowRange> RangeOf(const v1::RowRange& message);
StatusOr<DigestKind> KindOf(v1::DigestKind kind);

}  // namespace flatkv::server
