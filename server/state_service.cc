#include "server/state_service.h"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/grpc_status.h"
#include "server/push_stream.h"
#include "server/state_convert.h"

namespace flatkv::server {
namespace {

Status CheckVersion(Version version, std::string_view name) {
  return version > 0 ? OkStatus()
                     : InvalidArgument(fmt::format("{}: {} is no version", name, version));
}

Status DigestRange(StateReader& reader, const v1::RangeDigestsRequest& request, const GoOn& go_on,
                   v1::RangeDigestsResponse* response) {
  RETURN_IF_ERROR(CheckVersion(request.version(), "version"));
  ASSIGN_OR_RETURN(const RowRange range, RangeOf(request.range()));
  ASSIGN_OR_RETURN(const DigestKind kind, KindOf(request.kind()));
  if (request.rows_each() != 0 && !request.keys().empty()) {
    return InvalidArgument("rows_each and keys both say where to cut: give one");
  }
  if (request.with_hashes() && kind != DigestKind::kLtHash) {
    return InvalidArgument("with_hashes is for LT_HASH");
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<CompareSide> side,
                   reader.SideAt(request.version(), go_on));
  if (request.rows_each() != 0) {
    ASSIGN_OR_RETURN(const SplitDigests split, side->Split(range, kind, request.rows_each()));
    ToProto(split.digests, split.keys, request.with_hashes(), response);
    return OkStatus();
  }
  const std::vector<std::string> keys(request.keys().begin(), request.keys().end());
  ASSIGN_OR_RETURN(const std::vector<RangeDigest> digests, side->Digests(range, kind, keys));
  ToProto(digests, {}, request.with_hashes(), response);
  return OkStatus();
}

Status ReadRows(StateReader& reader, const v1::RangeRowsRequest& request, const GoOn& go_on,
                v1::RangeRowsResponse* response) {
  RETURN_IF_ERROR(CheckVersion(request.version(), "version"));
  ASSIGN_OR_RETURN(const RowRange range, RangeOf(request.range()));
  ASSIGN_OR_RETURN(const std::unique_ptr<CompareSide> side,
                   reader.SideAt(request.version(), go_on));
  if (request.keys().empty()) {
    ASSIGN_OR_RETURN(const std::vector<RowDigest> rows, side->Rows(range));
    ToProto(rows, response);
    return OkStatus();
  }
  const std::vector<std::string> keys(request.keys().begin(), request.keys().end());
  ASSIGN_OR_RETURN(auto values, side->Values(range.db, keys, request.value_bytes_max()));
  ToProto(std::move(values), response);
  return OkStatus();
}

// Ends a diff at its limit; never seen by the client.
Status LimitReached() { return OutOfRange("the limit is reached"); }

}  // namespace

grpc::ServerUnaryReactor* StateService::Answer(grpc::CallbackServerContext* call,
                                               std::function<Status(const GoOn& go_on)> work) {
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  calls_.TryBegin();
  const Status accepted = answers_.Submit([this, call, reactor, work = std::move(work)] {
    const GoOn go_on = [this, call] {
      return !stopping_.load(std::memory_order_relaxed) && !call->IsCancelled();
    };
    Status status = go_on() ? work(go_on) : Cancelled("cancelled before it was begun");
    if (!status.ok() && stopping_.load(std::memory_order_relaxed)) {
      status = ShuttingDown();
    }
    reactor->Finish(ToGrpcStatus(status));
    calls_.End();
  });
  if (!accepted.ok()) {
    reactor->Finish(ToGrpcStatus(accepted));
    calls_.End();
  }
  return reactor;
}

grpc::ServerUnaryReactor* StateService::Ranges(grpc::CallbackServerContext* call,
                                               const v1::RangesRequest* /*request*/,
                                               v1::RangesResponse* response) {
  return Answer(call, [this, response](const GoOn&) -> Status {
    ASSIGN_OR_RETURN(const VersionRanges ranges, store_.state_reader().Ranges());
    ToProto(ranges, response);
    return OkStatus();
  });
}

grpc::ServerUnaryReactor* StateService::State(grpc::CallbackServerContext* call,
                                              const v1::StateRequest* request,
                                              v1::StateResponse* response) {
  return Answer(call, [this, request, response](const GoOn& go_on) -> Status {
    RETURN_IF_ERROR(CheckVersion(request->version(), "version"));
    ASSIGN_OR_RETURN(const std::unique_ptr<CompareSide> side,
                     store_.state_reader().SideAt(request->version(), go_on));
    ASSIGN_OR_RETURN(const SideState state, side->State());
    ToProto(state, response);
    return OkStatus();
  });
}

grpc::ServerUnaryReactor* StateService::RangeDigests(grpc::CallbackServerContext* call,
                                                     const v1::RangeDigestsRequest* request,
                                                     v1::RangeDigestsResponse* response) {
  return Answer(call, [this, request, response](const GoOn& go_on) {
    return DigestRange(store_.state_reader(), *request, go_on, response);
  });
}

grpc::ServerUnaryReactor* StateService::RangeRows(grpc::CallbackServerContext* call,
                                                  const v1::RangeRowsRequest* request,
                                                  v1::RangeRowsResponse* response) {
  return Answer(call, [this, request, response](const GoOn& go_on) {
    return ReadRows(store_.state_reader(), *request, go_on, response);
  });
}

grpc::ServerUnaryReactor* StateService::StateSize(grpc::CallbackServerContext* call,
                                                  const v1::StateSizeRequest* request,
                                                  v1::StateSizeResponse* response) {
  return Answer(call, [this, request, response](const GoOn& go_on) -> Status {
    if (request->version() != 0) {
      RETURN_IF_ERROR(CheckVersion(request->version(), "version"));
    }
    if (request->top_contracts() > kTopContractsMax) {
      return WithReason(
          InvalidArgument(fmt::format("top_contracts: {} in one call, at most {} are allowed",
                                      request->top_contracts(), kTopContractsMax)),
          Reason::kLimitExceeded);
    }
    ASSIGN_OR_RETURN(
        const StateSizes sizes,
        store_.state_reader().Sizes(
            {.version = request->version(), .top_contracts = request->top_contracts()}, go_on));
    ToProto(sizes, response);
    return OkStatus();
  });
}

grpc::ServerWriteReactor<v1::HashLogResponse>* StateService::HashLog(
    grpc::CallbackServerContext* /*call*/, const v1::HashLogRequest* request) {
  using Stream = PushStream<v1::HashLogResponse>;
  return Stream::Start(streams_, calls_, stopping_,
                       [this, request](const Stream::Send& send, const GoOn&) -> Status {
                         RETURN_IF_ERROR(CheckVersion(request->first(), "first"));
                         v1::HashLogResponse chunk;
                         size_t bytes = 0;
                         const Status read = store_.state_reader().ReadHashLog(
                             request->first(), request->last(),
                             [&](const VersionSums& sums) -> Status {
                               v1::HashLogResponse::Entry* entry = chunk.add_entries();
                               ToProto(sums, request->roots_only(), entry);
                               bytes += entry->ByteSizeLong();
                               if (bytes < kChunkBytes) {
                                 return OkStatus();
                               }
                               RETURN_IF_ERROR(send(chunk));
                               chunk.Clear();
                               bytes = 0;
                               return OkStatus();
                             });
                         RETURN_IF_ERROR(read);
                         return chunk.entries().empty() ? OkStatus() : send(chunk);
                       });
}

grpc::ServerWriteReactor<v1::DiffResponse>* StateService::Diff(
    grpc::CallbackServerContext* /*call*/, const v1::DiffRequest* request) {
  using Stream = PushStream<v1::DiffResponse>;
  return Stream::Start(streams_, calls_, stopping_,
                       [this, request](const Stream::Send& send, const GoOn& go_on) -> Status {
                         RETURN_IF_ERROR(CheckVersion(request->from(), "from"));
                         RETURN_IF_ERROR(CheckVersion(request->to(), "to"));
                         const DiffOptions options = {.from = request->from(),
                                                      .to = request->to(),
                                                      .module = request->module()};
                         v1::DiffResponse chunk;
                         size_t bytes = 0;
                         uint64_t changes = 0;
                         const StatusOr<DiffMethod> diff = store_.state_reader().Diff(
                             options,
                             [&](const KeyChange& change) -> Status {
                               if (request->limit() != 0 && changes == request->limit()) {
                                 chunk.set_limit_reached(true);
                                 return LimitReached();
                               }
                               ++changes;
                               v1::DiffResponse::Change* message = chunk.add_changes();
                               ToProto(change, request->with_values(), message);
                               bytes += message->ByteSizeLong();
                               if (bytes < kChunkBytes) {
                                 return OkStatus();
                               }
                               RETURN_IF_ERROR(send(chunk));
                               chunk.Clear();
                               bytes = 0;
                               return OkStatus();
                             },
                             go_on);
                         if (!diff.ok() && !chunk.limit_reached()) {
                           return diff.status();
                         }
                         chunk.set_done(true);
                         chunk.set_walked(diff.ok() && *diff == DiffMethod::kWalk);
                         return send(chunk);
                       });
}

}  // namespace flatkv::server
