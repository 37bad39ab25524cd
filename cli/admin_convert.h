// Between the messages of proto/flatkv/v1/admin_service.proto and the types of the library, on the
// client's side. Errors: kInternal, when the daemon answers with something that it must not.
#pragma once

#include <span>

#include "flatkv/base/status.h"
#include "flatkv/store/store_admin.h"
#include "flatkv/v1/admin_service.pb.h"

namespace flatkv::cli {

RetentionInfo ToRetention(const v1::RetentionResponse& response);
// A listed snapshot names no files, but says how many there are and their bytes.
StatusOr<SnapshotSummary> ToSnapshot(const v1::Snapshot& message);
Pin ToPin(const v1::PinInfo& message);
PrunePlan ToPrunePlan(const v1::PruneResponse& response);
StatusOr<RollbackResult> ToRollback(const v1::RollbackResponse& response);
StatusOr<ReorgResult> ToReorg(const v1::ReorgResponse& response);
StatusOr<VerifyReport> ToVerifyReport(const v1::VerifyReport& message);
QuarantineEntry ToQuarantine(const v1::QuarantineInfo& message);
StatusOr<CompactReport> ToCompactReport(const v1::CompactReport& message);
ScrubStatus ToScrub(const v1::ScrubResponse& response);

v1::RollbackMethod FromChoice(RollbackChoice choice);
// Overwrites *request.
void Fill(std::span<const ReorgBlock> blocks, v1::ReorgRequest* request);

}  // namespace flatkv::cli
