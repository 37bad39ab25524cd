// Between the messages of StateService and the types of the library, on the client's side. What the
// daemon must not answer with is kInternal.
#pragma once

#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/store/state_reader.h"
#include "flatkv/v1/state_service.pb.h"

namespace flatkv::cli {

StatusOr<VersionRanges> ToRanges(const v1::RangesResponse& response);
StatusOr<VersionSums> ToVersionSums(const v1::HashLogResponse::Entry& entry);
StatusOr<SideState> ToSideState(const v1::StateResponse& response);
StatusOr<SplitDigests> ToSplit(const v1::RangeDigestsResponse& response);
StatusOr<std::vector<RowDigest>> ToRows(const v1::RangeRowsResponse& response);
std::vector<std::optional<StoredValue>> ToValues(v1::RangeRowsResponse response);
StatusOr<StateSizes> ToSizes(const v1::StateSizeResponse& response);
// Views into `change`.
KeyChange ToChange(const v1::DiffResponse::Change& change);

void Fill(const RowRange& range, v1::RowRange* message);
v1::DigestKind FromKind(DigestKind kind);

}  // namespace flatkv::cli
