#include "server/admin_service.h"

#include <fmt/format.h>

#include <memory>
#include <utility>
#include <vector>

#include "flatkv/base/hex.h"
#include "server/admin_convert.h"
#include "server/compact_stream.h"
#include "server/grpc_status.h"
#include "server/verify_stream.h"

namespace flatkv::server {
namespace {

grpc::ServerUnaryReactor* Refuse(grpc::CallbackServerContext* call, const Status& status) {
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

std::string Joined(const std::vector<Version>& versions) {
  return versions.empty() ? "none" : fmt::format("{}", fmt::join(versions, ", "));
}

}  // namespace

AdminService::AdminService(Store& store, Logger& logger, std::function<void()> on_failure)
    : store_(store), calls_(logger, std::move(on_failure)) {}

grpc::ServerUnaryReactor* AdminService::Retention(grpc::CallbackServerContext* call,
                                                  const v1::RetentionRequest* /*request*/,
                                                  v1::RetentionResponse* response) {
  return calls_.LookUp(call, [this, response] {
    ToProto(store_.admin().Retention(), response);
    return OkStatus();
  });
}

grpc::ServerUnaryReactor* AdminService::CreateSnapshot(grpc::CallbackServerContext* call,
                                                       const v1::CreateSnapshotRequest* /*request*/,
                                                       v1::Snapshot* response) {
  return calls_.Operate(
      call, "admin.snapshot_create", "the head", [this, response]() -> StatusOr<std::string> {
        ASSIGN_OR_RETURN(const SnapshotSummary summary, store_.admin().CreateSnapshot());
        ToProto(summary, SnapshotDetail::kWithoutFiles, response);
        return fmt::format("version {}", summary.manifest.version);
      });
}

grpc::ServerUnaryReactor* AdminService::ListSnapshots(grpc::CallbackServerContext* call,
                                                      const v1::ListSnapshotsRequest* /*request*/,
                                                      v1::ListSnapshotsResponse* response) {
  return calls_.LookUp(call, [this, response]() -> Status {
    ASSIGN_OR_RETURN(const std::vector<SnapshotSummary> summaries, store_.admin().Snapshots());
    for (const SnapshotSummary& summary : summaries) {
      ToProto(summary, SnapshotDetail::kWithoutFiles, response->add_snapshots());
    }
    return OkStatus();
  });
}

grpc::ServerUnaryReactor* AdminService::ShowSnapshot(grpc::CallbackServerContext* call,
                                                     const v1::ShowSnapshotRequest* request,
                                                     v1::Snapshot* response) {
  const StatusOr<Version> version = RequiredVersion(request->version(), "version");
  if (!version.ok()) {
    return Refuse(call, version.status());
  }
  return calls_.LookUp(call, [this, version = *version, response]() -> Status {
    ASSIGN_OR_RETURN(const SnapshotSummary summary, store_.admin().ShowSnapshot(version));
    ToProto(summary, SnapshotDetail::kWithFiles, response);
    return OkStatus();
  });
}

grpc::ServerUnaryReactor* AdminService::RemoveSnapshot(grpc::CallbackServerContext* call,
                                                       const v1::RemoveSnapshotRequest* request,
                                                       v1::RemoveSnapshotResponse* /*response*/) {
  const StatusOr<Version> version = RequiredVersion(request->version(), "version");
  if (!version.ok()) {
    return Refuse(call, version.status());
  }
  return calls_.Operate(call, "admin.snapshot_remove", fmt::format("version {}", *version),
                        [this, version = *version]() -> StatusOr<std::string> {
                          RETURN_IF_ERROR(store_.admin().RemoveSnapshot(version));
                          return fmt::format("version {}", version);
                        });
}

grpc::ServerUnaryReactor* AdminService::PinSnapshot(grpc::CallbackServerContext* call,
                                                    const v1::PinSnapshotRequest* request,
                                                    v1::PinInfo* response) {
  if (const Status valid = CheckPin(*request); !valid.ok()) {
    return Refuse(call, valid);
  }
  return calls_.Change(call, "admin.pin",
                       fmt::format("version {}, reason \"{}\"", request->version(),
                                   PrintableText(request->reason())),
                       [this, request, response]() -> StatusOr<std::string> {
                         ASSIGN_OR_RETURN(
                             const Pin pin,
                             store_.admin().PinSnapshot(request->version(), request->reason()));
                         ToProto(pin, response);
                         return fmt::format("version {}, pin {}", pin.version, pin.id);
                       });
}

grpc::ServerUnaryReactor* AdminService::ReleasePin(grpc::CallbackServerContext* call,
                                                   const v1::ReleasePinRequest* request,
                                                   v1::ReleasePinResponse* /*response*/) {
  if (const Status valid = CheckName(request->id(), "id"); !valid.ok()) {
    return Refuse(call, valid);
  }
  return calls_.Change(call, "admin.pin_release",
                       fmt::format("pin {}", PrintableText(request->id())),
                       [this, request]() -> StatusOr<std::string> {
                         RETURN_IF_ERROR(store_.admin().ReleasePin(request->id()));
                         return fmt::format("pin {}", PrintableText(request->id()));
                       });
}

grpc::ServerUnaryReactor* AdminService::ListPins(grpc::CallbackServerContext* call,
                                                 const v1::ListPinsRequest* /*request*/,
                                                 v1::ListPinsResponse* response) {
  return calls_.LookUp(call, [this, response]() -> Status {
    ASSIGN_OR_RETURN(const std::vector<Pin> pins, store_.admin().ListPins());
    ToProto(pins, response);
    return OkStatus();
  });
}

grpc::ServerUnaryReactor* AdminService::Prune(grpc::CallbackServerContext* call,
                                              const v1::PruneRequest* request,
                                              v1::PruneResponse* response) {
  const StatusOr<std::optional<uint64_t>> keep_recent = KeepRecentOf(*request);
  if (!keep_recent.ok()) {
    return Refuse(call, keep_recent.status());
  }
  if (request->dry_run()) {
    return calls_.LookUp(call, [this, keep_recent = *keep_recent, response]() -> Status {
      ASSIGN_OR_RETURN(const PrunePlan plan, store_.admin().PlanPrune(keep_recent));
      ToProto(plan, response);
      return OkStatus();
    });
  }
  const std::string kept =
      keep_recent->has_value() ? std::to_string(**keep_recent) : "as many as configured";
  return calls_.Operate(call, "admin.prune", fmt::format("keeping {}", kept),
                        [this, keep_recent = *keep_recent, response]() -> StatusOr<std::string> {
                          ASSIGN_OR_RETURN(const PrunePlan plan, store_.admin().Prune(keep_recent));
                          ToProto(plan, response);
                          return fmt::format("snapshots {}, changelog below {}",
                                             Joined(plan.snapshots), plan.wal_below);
                        });
}

grpc::ServerUnaryReactor* AdminService::Rollback(grpc::CallbackServerContext* call,
                                                 const v1::RollbackRequest* request,
                                                 v1::RollbackResponse* response) {
  // A reorg of version 1 goes back to before it, and a client asks for its plan first.
  const bool plans_reorg = request->dry_run() && request->target() == 0;
  const StatusOr<Version> target =
      plans_reorg ? StatusOr<Version>(0) : RequiredVersion(request->target(), "target");
  const StatusOr<RollbackChoice> choice = ChoiceOf(request->method());
  if (!target.ok() || !choice.ok()) {
    return Refuse(call, target.ok() ? choice.status() : target.status());
  }
  if (request->dry_run()) {
    return calls_.LookUp(call, [this, target = *target, choice = *choice, response]() -> Status {
      ASSIGN_OR_RETURN(const RollbackPlan plan, store_.admin().PlanRollback(target, choice));
      ToProto(plan, response);
      return OkStatus();
    });
  }
  return calls_.Operate(
      call, "admin.rollback",
      fmt::format("to version {}, method {}", *target, v1::RollbackMethod_Name(request->method())),
      [this, target = *target, choice = *choice, response]() -> StatusOr<std::string> {
        ASSIGN_OR_RETURN(const RollbackResult result, store_.admin().Rollback(target, choice));
        ToProto(result.plan, response);
        response->set_seconds(result.seconds);
        return fmt::format(
            "from version {} to {}, root {}, method {}, removed snapshots {}, in {:.2f} s",
            result.plan.from, result.plan.target, HexEncode(AsBytes(result.plan.target_root)),
            v1::RollbackMethod_Name(response->method()), Joined(result.plan.removed_snapshots),
            result.seconds);
      });
}

grpc::ServerUnaryReactor* AdminService::Reorg(grpc::CallbackServerContext* call,
                                              const v1::ReorgRequest* request,
                                              v1::ReorgResponse* response) {
  StatusOr<std::vector<ReorgBlock>> blocks = BlocksOf(*request);
  if (!blocks.ok()) {
    return Refuse(call, blocks.status());
  }
  const std::string what =
      fmt::format("versions {} to {}", blocks->front().version, blocks->back().version);
  // std::function copies; once is enough for blocks.
  const auto shared = std::make_shared<const std::vector<ReorgBlock>>(*std::move(blocks));
  return calls_.Operate(
      call, "admin.reorg", what, [this, shared, what, response]() -> StatusOr<std::string> {
        ASSIGN_OR_RETURN(const ReorgResult result, store_.admin().Reorg(*shared));
        ToProto(result, response);
        return fmt::format("{}, head before {}{}, in {:.2f} s", what, result.from,
                           result.already_done ? ", done already" : "", result.seconds);
      });
}

grpc::ServerWriteReactor<v1::VerifyResponse>* AdminService::Verify(
    grpc::CallbackServerContext* /*call*/, const v1::VerifyRequest* request) {
  return VerifyStream::Start(store_.admin(), calls_, OptionsOf(*request));
}

grpc::ServerUnaryReactor* AdminService::ListQuarantine(grpc::CallbackServerContext* call,
                                                       const v1::ListQuarantineRequest* /*request*/,
                                                       v1::ListQuarantineResponse* response) {
  return calls_.LookUp(call, [this, response]() -> Status {
    ASSIGN_OR_RETURN(const std::vector<QuarantineEntry> entries, store_.admin().ListQuarantine());
    for (const QuarantineEntry& entry : entries) {
      ToProto(entry, response->add_entries());
    }
    return OkStatus();
  });
}

grpc::ServerUnaryReactor* AdminService::RemoveQuarantine(
    grpc::CallbackServerContext* call, const v1::RemoveQuarantineRequest* request,
    v1::RemoveQuarantineResponse* /*response*/) {
  if (const Status valid = CheckName(request->name(), "name"); !valid.ok()) {
    return Refuse(call, valid);
  }
  return calls_.Operate(call, "admin.quarantine_remove",
                        fmt::format("entry {}", PrintableText(request->name())),
                        [this, request]() -> StatusOr<std::string> {
                          RETURN_IF_ERROR(store_.admin().RemoveQuarantine(request->name()));
                          return fmt::format("entry {}", PrintableText(request->name()));
                        });
}

grpc::ServerWriteReactor<v1::CompactResponse>* AdminService::Compact(
    grpc::CallbackServerContext* /*call*/, const v1::CompactRequest* /*request*/) {
  return CompactStream::Start(store_.admin(), calls_);
}

grpc::ServerUnaryReactor* AdminService::Scrub(grpc::CallbackServerContext* call,
                                              const v1::ScrubRequest* request,
                                              v1::ScrubResponse* response) {
  const StatusOr<ScrubAction> action = ActionOf(request->action());
  if (!action.ok()) {
    return Refuse(call, action.status());
  }
  const auto work = [this, action = *action, response]() -> Status {
    ASSIGN_OR_RETURN(const ScrubStatus status, store_.admin().Scrub(action));
    ToProto(status, response);
    return OkStatus();
  };
  if (*action == ScrubAction::kStatus) {
    return calls_.LookUp(call, work);
  }
  return calls_.Change(call, "admin.scrub", v1::ScrubAction_Name(request->action()),
                       [work, response]() -> StatusOr<std::string> {
                         RETURN_IF_ERROR(work());
                         return response->state();
                       });
}

}  // namespace flatkv::server
