#include "cli/client_convert.h"

#include <fmt/format.h>
#include <google/protobuf/any.pb.h>

#include <algorithm>
#include <utility>

#include "cli/errors.h"
#include "flatkv/v1/error.pb.h"

namespace flatkv::cli {
namespace {

// The ErrorDetail inside grpc-status-details-bin; false if there is none.
bool FindErrorDetail(const std::string& bytes, v1::ErrorDetail* detail) {
  v1::RpcStatus status;
  if (!status.ParseFromString(bytes)) {
    return false;
  }
  for (const google::protobuf::Any& any : status.details()) {
    if (any.UnpackTo(detail)) {
      return true;
    }
  }
  return false;
}

Reason ReasonOfDetail(const v1::ErrorDetail& detail) {
  const std::string& name = v1::ErrorReason_Name(detail.reason());
  for (int i = 0; i <= static_cast<int>(kLastReason); ++i) {
    if (ReasonName(static_cast<Reason>(i)) == name) {
      return static_cast<Reason>(i);
    }
  }
  return Reason::kUnspecified;
}

}  // namespace

Status FromGrpc(const grpc::Status& status, const ClientOptions& options) {
  if (status.ok()) {
    return OkStatus();
  }
  Status converted =
      MakeStatus(static_cast<StatusCode>(status.error_code()), status.error_message());
  v1::ErrorDetail detail;
  if (FindErrorDetail(status.error_details(), &detail)) {
    converted = WithReason(std::move(converted), ReasonOfDetail(detail));
    if (detail.reason() == v1::VERSION_GAP) {
      converted = WithExpectedVersion(std::move(converted), detail.expected_version());
    }
    return converted;
  }
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return WithHint(
          Annotate(converted, fmt::format("the daemon at {} does not answer", options.address)),
          "start it with flatkvd --home DIR, name another with --address ADDR, or read a store "
          "that "
          "no daemon has open with --home DIR");
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      // gRPC itself refuses a message over the daemon's limit.
      return WithHint(WithReason(converted, Reason::kLimitExceeded),
                      "the daemon's server.max_message_bytes bounds one version");
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return WithHint(
          MakeStatus(converted.code(), fmt::format("the daemon at {} did not answer within {} s",
                                                   options.address, options.timeout.count())),
          "allow more with --timeout SECONDS; repeating a commit is safe");
    default:
      return converted;
  }
}

StatusOr<Digest> ToDigest(const std::string& bytes) {
  Digest digest{};
  if (bytes.size() != digest.size()) {
    return Internal(fmt::format("the daemon answered with a root of {} bytes", bytes.size()));
  }
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

StatusOr<CommitResult> ToResult(const v1::CommitResponse& response) {
  CommitResult result;
  result.version = response.version();
  ASSIGN_OR_RETURN(result.root, ToDigest(response.root()));
  result.already_committed = response.already_committed();
  return result;
}

void Fill(const Block& block, v1::CommitBlockRequest* request) {
  request->set_version(block.version());
  Fill(block.changes(), request->mutable_changesets());
}

void Fill(const ChangeSets& changes,
          google::protobuf::RepeatedPtrField<v1::NamedChangeSet>* change_sets) {
  while (static_cast<size_t>(change_sets->size()) > changes.size()) {
    change_sets->RemoveLast();
  }
  int at = 0;
  for (const NamedChangeSet& change_set : changes) {
    v1::NamedChangeSet* named =
        at < change_sets->size() ? change_sets->Mutable(at) : change_sets->Add();
    ++at;
    named->set_name(change_set.module.data(), change_set.module.size());
    // Clear() of the message above would free the pairs: it deletes what is not repeated.
    google::protobuf::RepeatedPtrField<v1::KVPair>* pairs =
        named->mutable_changeset()->mutable_pairs();
    pairs->Clear();
    pairs->Reserve(static_cast<int>(change_set.pairs.size()));
    for (const KvPair& pair : change_set.pairs) {
      v1::KVPair* out = pairs->Add();
      out->set_key(pair.key.data(), pair.key.size());
      out->set_value(pair.value.data(), pair.value.size());
      out->set_delete_(pair.remove);
    }
  }
}

StatusOr<Suite> ToSuite(const std::string& name) {
  for (const Suite suite : {Suite::kSha256, Suite::kBlake3}) {
    if (name == SuiteName(suite)) {
      return suite;
    }
  }
  return Internal(fmt::format("the daemon uses an unknown suite '{}'", name));
}

StatusOr<StoreInfo> ToInfo(const v1::InfoResponse& response) {
  StoreInfo info;
  ASSIGN_OR_RETURN(info.suite, ToSuite(response.suite()));
  info.store_id = response.store_id();
  info.initial_version = response.initial_version();
  info.version = response.version();
  info.pending_version = response.pending_version();
  ASSIGN_OR_RETURN(info.root, ToDigest(response.root()));
  info.oldest_version = response.oldest_version();
  for (const v1::DataDbInfo& db : response.data_dbs()) {
    const auto name = std::find(kDataDbNames.begin(), kDataDbNames.end(), db.name());
    if (name == kDataDbNames.end()) {
      return Internal(fmt::format("the daemon has an unknown data DB '{}'", db.name()));
    }
    DataDbSummary& summary = info.dbs[static_cast<size_t>(name - kDataDbNames.begin())];
    ASSIGN_OR_RETURN(summary.checksum, ToDigest(db.checksum()));
    summary.rows = db.rows();
    summary.bytes = db.bytes();
  }
  info.poisoned = response.poisoned();
  info.poison_reason = response.poison_reason();
  info.corrupt = response.corrupt();
  info.corrupt_reason = response.corrupt_reason();
  if (response.has_disk_free_bytes()) {
    info.disk_free_bytes = response.disk_free_bytes();
  }
  const v1::Backlog& backlog = response.backlog();
  info.backlog = {backlog.versions(), backlog.overlay_bytes(), backlog.level0_tables(),
                  backlog.compaction_debt_bytes()};
  return info;
}

}  // namespace flatkv::cli
