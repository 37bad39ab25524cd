#include "server/proto_convert.h"

#include <fmt/format.h>

#include <type_traits>
#include <utility>

#include "flatkv/base/check.h"

namespace flatkv::server {
namespace {

std::string BytesOf(const Digest& digest) { return std::string(AsBytes(digest)); }

// The two enums have the same members in the same order; ErrorDetail is part of the public
// contract.
static_assert(static_cast<int>(Reason::kUnspecified) == v1::ERROR_REASON_UNSPECIFIED);
static_assert(static_cast<int>(Reason::kInvalidChangeSet) == v1::INVALID_CHANGE_SET);
static_assert(static_cast<int>(Reason::kLimitExceeded) == v1::LIMIT_EXCEEDED);
static_assert(static_cast<int>(Reason::kVersionGap) == v1::VERSION_GAP);
static_assert(static_cast<int>(Reason::kVersionConflict) == v1::VERSION_CONFLICT);
static_assert(static_cast<int>(Reason::kVersionPruned) == v1::VERSION_PRUNED);
static_assert(static_cast<int>(Reason::kVersionAboveHead) == v1::VERSION_ABOVE_HEAD);
static_assert(static_cast<int>(Reason::kPoisoned) == v1::POISONED);
static_assert(static_cast<int>(Reason::kClosed) == v1::CLOSED);
static_assert(static_cast<int>(Reason::kLocked) == v1::LOCKED);
static_assert(static_cast<int>(Reason::kSuiteMismatch) == v1::SUITE_MISMATCH);
static_assert(static_cast<int>(Reason::kIncompatibleFormat) == v1::INCOMPATIBLE_FORMAT);
static_assert(static_cast<int>(Reason::kChangelogCorrupt) == v1::CHANGELOG_CORRUPT);
static_assert(static_cast<int>(Reason::kDataDbCorrupt) == v1::DATA_DB_CORRUPT);
static_assert(static_cast<int>(Reason::kRootMismatch) == v1::ROOT_MISMATCH);
static_assert(static_cast<int>(Reason::kSnapshotCorrupt) == v1::SNAPSHOT_CORRUPT);
static_assert(static_cast<int>(Reason::kSnapshotMissing) == v1::SNAPSHOT_MISSING);
static_assert(static_cast<int>(Reason::kVersionUnreachable) == v1::VERSION_UNREACHABLE);
static_assert(static_cast<int>(Reason::kSnapshotInUse) == v1::SNAPSHOT_IN_USE);
static_assert(static_cast<int>(Reason::kOperationInProgress) == v1::OPERATION_IN_PROGRESS);
static_assert(static_cast<int>(Reason::kRolledBack) == v1::ROLLED_BACK);
static_assert(static_cast<int>(Reason::kRecoveryAmbiguous) == v1::RECOVERY_AMBIGUOUS);
static_assert(static_cast<int>(Reason::kDirtyStore) == v1::DIRTY_STORE);
static_assert(static_cast<int>(Reason::kConfirmationNeeded) == v1::CONFIRMATION_NEEDED);
static_assert(static_cast<int>(Reason::kArchiveCorrupt) == v1::ARCHIVE_CORRUPT);
static_assert(static_cast<int>(kLastReason) + 1 == v1::ErrorReason_ARRAYSIZE);

}  // namespace

ChangeSets ViewOf(const google::protobuf::RepeatedPtrField<v1::NamedChangeSet>& changesets) {
  ChangeSets views;
  views.reserve(static_cast<size_t>(changesets.size()));
  for (const v1::NamedChangeSet& named : changesets) {
    NamedChangeSet& view = views.emplace_back();
    view.module = named.name();
    view.pairs.reserve(static_cast<size_t>(named.changeset().pairs_size()));
    for (const v1::KVPair& pair : named.changeset().pairs()) {
      view.pairs.push_back({.key = pair.key(), .value = pair.value(), .remove = pair.delete_()});
    }
  }
  return views;
}

void ToProto(const AppliedResult& result, v1::ApplyChangeSetsResponse* response) {
  response->set_version(result.version);
  response->set_working_root(BytesOf(result.working_root));
}

void ToProto(const CommitResult& result, v1::CommitResponse* response) {
  response->set_version(result.version);
  response->set_root(BytesOf(result.root));
  response->set_already_committed(result.already_committed);
}

void ToProto(const StoreInfo& info, const ServiceLimits& limits, v1::InfoResponse* response) {
  response->set_suite(std::string(SuiteName(info.suite)));
  response->set_store_id(info.store_id);
  response->set_version(info.version);
  response->set_root(BytesOf(info.root));
  response->set_initial_version(info.initial_version);
  response->set_pending_version(info.pending_version);
  response->set_oldest_version(info.oldest_version);
  response->set_build(limits.build);
  response->set_max_message_bytes(limits.max_message_bytes);
  response->set_max_key_bytes(limits.change_sets.key_bytes_max);
  response->set_max_value_bytes(limits.change_sets.value_bytes_max);
  response->set_wal_sync(limits.wal_sync);
  for (const DataDb db : kAllDataDbs) {
    const DataDbSummary& summary = info.dbs[IndexOf(db)];
    v1::DataDbInfo* data_db = response->add_data_dbs();
    data_db->set_name(std::string(NameOf(db)));
    data_db->set_checksum(BytesOf(summary.checksum));
    data_db->set_rows(summary.rows);
    data_db->set_bytes(summary.bytes);
  }
  response->set_poisoned(info.poisoned);
  response->set_poison_reason(info.poison_reason);
  response->set_corrupt(info.corrupt);
  response->set_corrupt_reason(info.corrupt_reason);
  response->set_admin_address(limits.admin_address);
  if (info.disk_free_bytes.has_value()) {
    response->set_disk_free_bytes(*info.disk_free_bytes);
  }
  v1::Backlog* backlog = response->mutable_backlog();
  backlog->set_versions(info.backlog.versions);
  backlog->set_overlay_bytes(info.backlog.overlay_bytes);
  backlog->set_level0_tables(info.backlog.level0_tables);
  backlog->set_compaction_debt_bytes(info.backlog.compaction_debt_bytes);
}

void ToProto(const VersionRoot& root, v1::RootResponse* response) {
  response->set_version(root.version);
  response->set_root(BytesOf(root.root));
}

void ToProto(ReadResult result, v1::GetResponse* response) {
  FLATKV_CHECK(result.values.size() == 1);
  response->set_version(result.version);
  if (result.values[0].has_value()) {
    response->set_found(true);
    response->set_value(*std::move(result.values[0]));
  }
}

void ToProto(ReadResult result, v1::BatchGetResponse* response) {
  response->set_version(result.version);
  response->mutable_values()->Reserve(static_cast<int>(result.values.size()));
  for (std::optional<std::string>& value : result.values) {
    v1::BatchGetResponse::Value* entry = response->add_values();
    if (value.has_value()) {
      entry->set_found(true);
      entry->set_value(*std::move(value));
    }
  }
}

IterateRange RangeOf(const v1::IterateRequest& request) {
  IterateRange range;
  range.module = request.module();
  range.start = request.start();
  if (!request.end().empty()) {
    range.end = request.end();
  }
  range.reverse = request.reverse();
  return range;
}

Status CheckReadVersion(Version version) {
  return version >= 0
             ? OkStatus()
             : InvalidArgument(fmt::format("version: {} is no version; 0 is the head", version));
}

v1::ErrorDetail DetailOf(const Status& status) {
  v1::ErrorDetail detail;
  detail.set_reason(static_cast<v1::ErrorReason>(ReasonOf(status)));
  detail.set_expected_version(ExpectedVersionOf(status).value_or(0));
  return detail;
}

}  // namespace flatkv::server
