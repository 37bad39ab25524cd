// Between the messages of AdminService (proto/flatkv/v1/admin_service.proto) and the types of
// StoreAdmin, and what a request must hold to be asked of a store at all. No gRPC in here.
//
// Requests: kInvalidArgument naming the field and what it allows, also with Reason::kLimitExceeded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/store/store_admin.h"
#include "flatkv/v1/admin_service.pb.h"

namespace flatkv::server {

// Blocks of one reorg: the longest that a request may hold, whatever its bytes.
inline constexpr int kReorgBlocksMax = 10'000;
// Of a pin.
inline constexpr size_t kPinReasonBytesMax = 256;
inline constexpr uint64_t kKeepRecentMax = 1'000'000;
// Of a report: clients commonly refuse answers over 4 MiB.
inline constexpr size_t kFindingsMax = 1'000;

// A version in a request, called `field` in the message: at least 1.
StatusOr<Version> RequiredVersion(int64_t version, std::string_view field);
Status CheckPin(const v1::PinSnapshotRequest& request);
// A text that names something: not empty.
Status CheckName(std::string_view name, std::string_view field);
StatusOr<std::optional<uint64_t>> KeepRecentOf(const v1::PruneRequest& request);
StatusOr<RollbackChoice> ChoiceOf(v1::RollbackMethod method);
// Views into `request`. Only the versions are checked: the store validates the changes.
StatusOr<std::vector<ReorgBlock>> BlocksOf(const v1::ReorgRequest& request);
StatusOr<VerifyOptions> OptionsOf(const v1::VerifyRequest& request);

void ToProto(const RetentionInfo& info, v1::RetentionResponse* response);
void ToProto(const Pin& pin, v1::PinInfo* info);
void ToProto(std::span<const Pin> pins, v1::ListPinsResponse* response);
enum class SnapshotDetail { kWithFiles, kWithoutFiles };
void ToProto(const SnapshotSummary& summary, SnapshotDetail detail, v1::Snapshot* snapshot);
void ToProto(const PrunePlan& plan, v1::PruneResponse* response);
// `seconds` stays 0.
void ToProto(const RollbackPlan& plan, v1::RollbackResponse* response);
void ToProto(const ReorgResult& result, v1::ReorgResponse* response);
void ToProto(const VerifyProgress& progress, v1::VerifyProgress* message);
// At most kFindingsMax findings and a last one that says how many are left out.
void ToProto(const VerifyReport& report, v1::VerifyReport* message);
void ToProto(const QuarantineEntry& entry, v1::QuarantineInfo* info);
void ToProto(const CompactProgress& progress, v1::CompactProgress* message);
void ToProto(const CompactReport& report, v1::CompactReport* message);
StatusOr<ScrubAction> ActionOf(v1::ScrubAction action);
void ToProto(const ScrubStatus& status, v1::ScrubResponse* response);

}  // namespace flatkv::server
