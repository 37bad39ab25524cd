#include "cli/admin_client.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <utility>

#include "cli/admin_convert.h"
#include "cli/channel.h"
#include "cli/client_convert.h"
#include "cli/errors.h"
#include "cli/export_client.h"
#include "flatkv/v1/admin_service.grpc.pb.h"

namespace flatkv::cli {
namespace {

// How often a wait without a deadline looks for Ctrl-C.
constexpr std::chrono::milliseconds kInterruptPeriod{100};

class RemoteAdmin final : public AdminClient {
 public:
  RemoteAdmin(const ClientOptions& options, std::function<bool()> interrupted)
      : options_(options),
        interrupted_(std::move(interrupted)),
        stub_(v1::AdminService::NewStub(Connect(options.address))) {}

  StatusOr<RetentionInfo> AskRetention() override {
    ASSIGN_OR_RETURN(const auto response,
                     Short(&v1::AdminService::Stub::Retention, v1::RetentionRequest()));
    return ToRetention(response);
  }
  RetentionInfo Retention() override {
    StatusOr<RetentionInfo> info = AskRetention();
    return info.ok() ? *std::move(info) : RetentionInfo();
  }

  StatusOr<SnapshotSummary> CreateSnapshot() override {
    ASSIGN_OR_RETURN(const auto response,
                     Long<v1::Snapshot>("snapshot", &v1::AdminService::Stub::AsyncCreateSnapshot,
                                        v1::CreateSnapshotRequest()));
    return ToSnapshot(response);
  }
  StatusOr<std::vector<SnapshotSummary>> Snapshots() override {
    ASSIGN_OR_RETURN(const auto response,
                     Short(&v1::AdminService::Stub::ListSnapshots, v1::ListSnapshotsRequest()));
    std::vector<SnapshotSummary> summaries;
    for (const v1::Snapshot& snapshot : response.snapshots()) {
      ASSIGN_OR_RETURN(SnapshotSummary summary, ToSnapshot(snapshot));
      summaries.push_back(std::move(summary));
    }
    return summaries;
  }
  StatusOr<SnapshotSummary> ShowSnapshot(Version version) override {
    v1::ShowSnapshotRequest request;
    request.set_version(version);
    ASSIGN_OR_RETURN(const auto response, Short(&v1::AdminService::Stub::ShowSnapshot, request));
    return ToSnapshot(response);
  }
  Status RemoveSnapshot(Version version) override {
    v1::RemoveSnapshotRequest request;
    request.set_version(version);
    return Short(&v1::AdminService::Stub::RemoveSnapshot, request).status();
  }

  StatusOr<Pin> PinSnapshot(Version version, const std::string& reason) override {
    v1::PinSnapshotRequest request;
    request.set_version(version);
    request.set_reason(reason);
    ASSIGN_OR_RETURN(const auto response, Short(&v1::AdminService::Stub::PinSnapshot, request));
    return ToPin(response);
  }
  Status ReleasePin(const std::string& id) override {
    v1::ReleasePinRequest request;
    request.set_id(id);
    return Short(&v1::AdminService::Stub::ReleasePin, request).status();
  }
  StatusOr<std::vector<Pin>> ListPins() override {
    ASSIGN_OR_RETURN(const auto response,
                     Short(&v1::AdminService::Stub::ListPins, v1::ListPinsRequest()));
    std::vector<Pin> pins;
    for (const v1::PinInfo& pin : response.pins()) {
      pins.push_back(ToPin(pin));
    }
    return pins;
  }

  StatusOr<PrunePlan> PlanPrune(std::optional<uint64_t> keep_recent) override {
    return CallPrune(keep_recent, /*dry_run=*/true);
  }
  StatusOr<PrunePlan> Prune(std::optional<uint64_t> keep_recent) override {
    return CallPrune(keep_recent, /*dry_run=*/false);
  }
  StatusOr<RollbackPlan> PlanRollback(Version target, RollbackChoice choice) override {
    ASSIGN_OR_RETURN(RollbackResult result, CallRollback(target, choice, /*dry_run=*/true));
    return std::move(result.plan);
  }
  StatusOr<RollbackResult> Rollback(Version target, RollbackChoice choice) override {
    return CallRollback(target, choice, /*dry_run=*/false);
  }
  StatusOr<ReorgResult> Reorg(std::span<const ReorgBlock> blocks) override {
    v1::ReorgRequest request;
    Fill(blocks, &request);
    ASSIGN_OR_RETURN(
        const auto response,
        Long<v1::ReorgResponse>("reorg", &v1::AdminService::Stub::AsyncReorg, request));
    return ToReorg(response);
  }

  StatusOr<VerifyReport> Verify(const VerifyOptions& options,
                                const OnVerifyProgress& on_progress) override;

  StatusOr<std::vector<QuarantineEntry>> ListQuarantine() override {
    ASSIGN_OR_RETURN(const auto response,
                     Short(&v1::AdminService::Stub::ListQuarantine, v1::ListQuarantineRequest()));
    std::vector<QuarantineEntry> entries;
    for (const v1::QuarantineInfo& entry : response.entries()) {
      entries.push_back(ToQuarantine(entry));
    }
    return entries;
  }
  Status RemoveQuarantine(const std::string& name) override {
    v1::RemoveQuarantineRequest request;
    request.set_name(name);
    return Short(&v1::AdminService::Stub::RemoveQuarantine, request).status();
  }
  StatusOr<ArchiveManifest> Export(const ExportOptions& options, ExportSink& sink) override {
    return RemoteExport(options_, options, sink);
  }

  StatusOr<CompactReport> Compact(const OnCompactProgress& on_progress) override;
  StatusOr<ScrubStatus> Scrub(ScrubAction action) override {
    v1::ScrubRequest request;
    request.set_action(static_cast<v1::ScrubAction>(action));
    ASSIGN_OR_RETURN(const auto response, Short(&v1::AdminService::Stub::Scrub, request));
    return ToScrub(response);
  }

 private:
  // A unary call with the deadline.
  template <typename Request, typename Response>
  StatusOr<Response> Short(grpc::Status (v1::AdminService::Stub::*method)(grpc::ClientContext*,
                                                                          const Request&,
                                                                          Response*),
                           const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + options_.timeout);
    Response response;
    RETURN_IF_ERROR(FromGrpc(((*stub_).*method)(&context, request, &response), options_));
    return response;
  }

  // A unary call without one, which Ctrl-C leaves. `what` names the work.
  template <typename Response, typename Request>
  StatusOr<Response> Long(std::string_view what,
                          std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> (
                              v1::AdminService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                               grpc::CompletionQueue*),
                          const Request& request) {
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    Response response;
    grpc::Status status;
    const auto reader = ((*stub_).*method)(&context, request, &queue);
    reader->Finish(&response, &status, &response);
    bool left = false;
    void* tag = nullptr;
    bool ok = false;
    while (queue.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + kInterruptPeriod) ==
           grpc::CompletionQueue::TIMEOUT) {
      if (!left && interrupted_()) {
        left = true;
        context.TryCancel();
      }
    }
    if (left && !status.ok()) {
      return WithHint(Cancelled(fmt::format("interrupted; the daemon at {} goes on with the {}",
                                            options_.address, what)),
                      "flatkv status shows when it is done");
    }
    RETURN_IF_ERROR(FromGrpc(status, options_));
    return response;
  }

  StatusOr<PrunePlan> CallPrune(std::optional<uint64_t> keep_recent, bool dry_run) {
    v1::PruneRequest request;
    if (keep_recent.has_value()) {
      request.set_keep_recent(*keep_recent);
    }
    request.set_dry_run(dry_run);
    ASSIGN_OR_RETURN(
        const auto response,
        Long<v1::PruneResponse>("prune", &v1::AdminService::Stub::AsyncPrune, request));
    return ToPrunePlan(response);
  }

  StatusOr<RollbackResult> CallRollback(Version target, RollbackChoice choice, bool dry_run) {
    v1::RollbackRequest request;
    request.set_target(target);
    request.set_method(FromChoice(choice));
    request.set_dry_run(dry_run);
    ASSIGN_OR_RETURN(
        const auto response,
        Long<v1::RollbackResponse>("rollback", &v1::AdminService::Stub::AsyncRollback, request));
    return ToRollback(response);
  }

  const ClientOptions options_;
  const std::function<bool()> interrupted_;
  const std::unique_ptr<v1::AdminService::Stub> stub_;
};

StatusOr<VerifyReport> RemoteAdmin::Verify(const VerifyOptions& options,
                                           const OnVerifyProgress& on_progress) {
  v1::VerifyRequest request;
  request.set_full(options.depth == VerifyDepth::kFull);
  request.set_at(options.at.value_or(0));
  request.set_snapshot(options.snapshot.value_or(0));
  grpc::ClientContext context;
  const auto stream = stub_->Verify(&context, request);
  v1::VerifyResponse response;
  std::optional<VerifyReport> report;
  Status refused;  // a report that cannot be read
  bool cancelled = false;
  while (stream->Read(&response)) {
    if (response.has_report()) {
      const StatusOr<VerifyReport> read = ToVerifyReport(response.report());
      refused = read.status();
      if (read.ok()) {
        report = *read;
      }
    } else if (!cancelled && response.has_progress()) {
      const v1::VerifyProgress& progress = response.progress();
      cancelled = !on_progress({progress.phase(), progress.done(), progress.total()});
      if (cancelled) {
        context.TryCancel();
      }
    }
  }
  const Status finished = FromGrpc(stream->Finish(), options_);
  if (cancelled && !finished.ok()) {
    return Cancelled("the verification was cancelled");
  }
  RETURN_IF_ERROR(finished);
  RETURN_IF_ERROR(refused);
  if (!report.has_value()) {
    return Internal("the daemon ended the verification without a report");
  }
  return *std::move(report);
}

StatusOr<CompactReport> RemoteAdmin::Compact(const OnCompactProgress& on_progress) {
  grpc::ClientContext context;
  const auto stream = stub_->Compact(&context, v1::CompactRequest());
  v1::CompactResponse response;
  std::optional<StatusOr<CompactReport>> report;
  bool cancelled = false;
  while (stream->Read(&response)) {
    if (response.has_report()) {
      report = ToCompactReport(response.report());
    } else if (!cancelled && response.has_progress()) {
      const v1::CompactProgress& progress = response.progress();
      cancelled = !on_progress({progress.db(), progress.done(), progress.total()});
      if (cancelled) {
        context.TryCancel();
      }
    }
  }
  const Status finished = FromGrpc(stream->Finish(), options_);
  if (cancelled && !finished.ok()) {
    return Cancelled("the compaction was cancelled; what was compacted stays so");
  }
  RETURN_IF_ERROR(finished);
  if (!report.has_value()) {
    return Internal("the daemon ended the compaction without a report");
  }
  return *std::move(report);
}

}  // namespace

std::unique_ptr<AdminClient> NewAdminClient(const ClientOptions& options,
                                            std::function<bool()> interrupted) {
  return std::make_unique<RemoteAdmin>(options, std::move(interrupted));
}

}  // namespace flatkv::cli
