#include "cli/state_client.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <string>
#include <utility>

#include "cli/cancel_watch.h"
#include "cli/channel.h"
#include "cli/client_convert.h"
#include "cli/errors.h"
#include "cli/interrupt.h"
#include "cli/state_convert.h"
#include "flatkv/v1/state_service.grpc.pb.h"

namespace flatkv::cli {
namespace {

using Stub = v1::StateService::Stub;

// The calls, counted.
class StateCalls {
 public:
  explicit StateCalls(const ClientOptions& options)
      : options_(options), stub_(v1::StateService::NewStub(Connect(options.address))) {}

  Stub& stub() { return *stub_; }
  const ClientOptions& options() const { return options_; }

  Status Convert(const grpc::Status& status, const CancelWatch& watch) const {
    if (!status.ok() && watch.cancelled()) {
      return Cancelled("interrupted");
    }
    if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) {
      return FailedPrecondition(
          fmt::format("the daemon at {} is too old to be asked for this", options_.address));
    }
    return FromGrpc(status, options_);
  }

  template <typename Request, typename Response>
  StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                       Response*),
                          const Request& request, const GoOn& go_on,
                          SideTraffic* traffic = nullptr) {
    grpc::ClientContext context;
    Response response;
    const CancelWatch watch(context, go_on);
    const grpc::Status status = ((*stub_).*method)(&context, request, &response);
    RETURN_IF_ERROR(Convert(status, watch));
    if (traffic != nullptr) {
      traffic->round_trips += 1;
      traffic->sent_bytes += request.ByteSizeLong();
      traffic->received_bytes += response.ByteSizeLong();
    }
    return response;
  }

 private:
  const ClientOptions options_;
  const std::unique_ptr<Stub> stub_;
};

// The calls belong to the client, which outlives its sides.
class PeerSide final : public CompareSide {
 public:
  PeerSide(StateCalls& calls, Version version, GoOn go_on)
      : calls_(calls), version_(version), go_on_(std::move(go_on)) {}

  StatusOr<SideState> State() override {
    v1::StateRequest request;
    request.set_version(version_);
    ASSIGN_OR_RETURN(const auto response, calls_.Call(&Stub::State, request, go_on_, &traffic_));
    return ToSideState(response);
  }

  StatusOr<SplitDigests> Split(const RowRange& range, DigestKind kind,
                               uint64_t rows_each) override {
    v1::RangeDigestsRequest request = RequestOf(range, kind);
    request.set_rows_each(rows_each);
    ASSIGN_OR_RETURN(const auto response,
                     calls_.Call(&Stub::RangeDigests, request, go_on_, &traffic_));
    return ToSplit(response);
  }

  StatusOr<std::vector<RangeDigest>> Digests(const RowRange& range, DigestKind kind,
                                             std::span<const std::string> keys) override {
    v1::RangeDigestsRequest request = RequestOf(range, kind);
    for (const std::string& key : keys) {
      request.add_keys(key);
    }
    ASSIGN_OR_RETURN(const auto response,
                     calls_.Call(&Stub::RangeDigests, request, go_on_, &traffic_));
    ASSIGN_OR_RETURN(SplitDigests split, ToSplit(response));
    return std::move(split.digests);
  }

  StatusOr<std::vector<RowDigest>> Rows(const RowRange& range) override {
    v1::RangeRowsRequest request;
    request.set_version(version_);
    Fill(range, request.mutable_range());
    ASSIGN_OR_RETURN(const auto response,
                     calls_.Call(&Stub::RangeRows, request, go_on_, &traffic_));
    return ToRows(response);
  }

  StatusOr<std::vector<std::optional<StoredValue>>> Values(DataDb db,
                                                           std::span<const std::string> keys,
                                                           uint64_t bytes_max) override {
    v1::RangeRowsRequest request;
    request.set_version(version_);
    Fill(RowRange{db, "", ""}, request.mutable_range());
    for (const std::string& key : keys) {
      request.add_keys(key);
    }
    request.set_value_bytes_max(bytes_max);
    ASSIGN_OR_RETURN(auto response, calls_.Call(&Stub::RangeRows, request, go_on_, &traffic_));
    return ToValues(std::move(response));
  }

  SideTraffic traffic() const override { return traffic_; }

 private:
  v1::RangeDigestsRequest RequestOf(const RowRange& range, DigestKind kind) const {
    v1::RangeDigestsRequest request;
    request.set_version(version_);
    Fill(range, request.mutable_range());
    request.set_kind(FromKind(kind));
    return request;
  }

  StateCalls& calls_;
  const Version version_;
  const GoOn go_on_;
  SideTraffic traffic_;
};

class StateClient final : public StateReader {
 public:
  explicit StateClient(const ClientOptions& options) : calls_(options) {}

  StatusOr<VersionRanges> Ranges() override {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + calls_.options().timeout);
    v1::RangesResponse response;
    const CancelWatch watch(context, nullptr);
    RETURN_IF_ERROR(
        calls_.Convert(calls_.stub().Ranges(&context, v1::RangesRequest(), &response), watch));
    return ToRanges(response);
  }

  StatusOr<std::unique_ptr<CompareSide>> SideAt(Version version, const GoOn& go_on) override {
    return std::make_unique<PeerSide>(calls_, version, go_on);
  }

  Status ReadHashLog(Version first, Version last,
                     const std::function<Status(const VersionSums&)>& use) override {
    v1::HashLogRequest request;
    request.set_first(first);
    request.set_last(last);
    grpc::ClientContext context;
    const CancelWatch watch(context, [] { return !Interrupted(); });
    const auto stream = calls_.stub().HashLog(&context, request);
    v1::HashLogResponse response;
    Status used;
    while (stream->Read(&response)) {
      for (const v1::HashLogResponse::Entry& entry : response.entries()) {
        if (!used.ok()) {
          break;
        }
        const StatusOr<VersionSums> sums = ToVersionSums(entry);
        used = sums.ok() ? use(*sums) : sums.status();
      }
      if (!used.ok()) {
        context.TryCancel();
      }
    }
    const Status finished = calls_.Convert(stream->Finish(), watch);
    RETURN_IF_ERROR(used);
    return finished;
  }

  StatusOr<DiffMethod> Diff(const DiffOptions& options, const OnKeyChange& use,
                            const GoOn& go_on) override {
    v1::DiffRequest request;
    request.set_from(options.from);
    request.set_to(options.to);
    request.set_module(options.module);
    request.set_with_values(options.with_values);
    grpc::ClientContext context;
    const CancelWatch watch(context, go_on);
    const auto stream = calls_.stub().Diff(&context, request);
    v1::DiffResponse response;
    Status used;
    bool done = false;
    DiffMethod method = DiffMethod::kChangelog;
    while (stream->Read(&response)) {
      for (const v1::DiffResponse::Change& change : response.changes()) {
        if (used.ok()) {
          used = use(ToChange(change));
        }
      }
      done = response.done();
      method = response.walked() ? DiffMethod::kWalk : DiffMethod::kChangelog;
      if (!used.ok()) {
        context.TryCancel();
      }
    }
    const Status finished = calls_.Convert(stream->Finish(), watch);
    RETURN_IF_ERROR(used);
    RETURN_IF_ERROR(finished);
    return done ? StatusOr<DiffMethod>(method)
                : Internal("the daemon ended the differences without saying so");
  }

  StatusOr<StateSizes> Sizes(const SizeOptions& options, const GoOn& go_on) override {
    v1::StateSizeRequest request;
    request.set_version(options.version);
    request.set_top_contracts(static_cast<uint32_t>(options.top_contracts));
    ASSIGN_OR_RETURN(const auto response, calls_.Call(&Stub::StateSize, request, go_on));
    return ToSizes(response);
  }

 private:
  StateCalls calls_;
};

}  // namespace

std::unique_ptr<StateReader> NewStateClient(const ClientOptions& options) {
  return std::make_unique<StateClient>(options);
}

}  // namespace flatkv::cli
