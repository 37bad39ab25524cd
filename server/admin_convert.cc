#include "server/admin_convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "flatkv/codec/data_db.h"
#include "server/proto_convert.h"

namespace flatkv::server {
namespace {

// The wire's RollbackMethod has the members of RollbackChoice, in its order; an answer says which
// of the two methods it was.
static_assert(static_cast<int>(RollbackChoice::kAuto) == v1::AUTO);
static_assert(static_cast<int>(RollbackChoice::kUndo) == v1::UNDO);
static_assert(static_cast<int>(RollbackChoice::kReplay) == v1::REPLAY);
static_assert(static_cast<int>(ScrubAction::kStatus) == v1::SCRUB_STATUS);
static_assert(static_cast<int>(ScrubAction::kStart) == v1::SCRUB_START);
static_assert(static_cast<int>(ScrubAction::kPause) == v1::SCRUB_PAUSE);
static_assert(static_cast<int>(ScrubAction::kResume) == v1::SCRUB_RESUME);
static_assert(static_cast<int>(RollbackMethod::kUndo) + 1 == v1::UNDO);
static_assert(static_cast<int>(RollbackMethod::kReplay) + 1 == v1::REPLAY);

template <typename Bytes>
std::string BytesOf(const Bytes& bytes) {
  return std::string(bytes.begin(), bytes.end());
}

Status LimitExceeded(const std::string& message) {
  return WithReason(InvalidArgument(message), Reason::kLimitExceeded);
}

// 0 stands for "unset" on the wire.
StatusOr<std::optional<Version>> OptionalVersion(int64_t version, std::string_view field) {
  if (version == 0) {
    return std::optional<Version>();
  }
  ASSIGN_OR_RETURN(const Version checked, RequiredVersion(version, field));
  return std::optional<Version>(checked);
}

}  // namespace

StatusOr<Version> RequiredVersion(int64_t version, std::string_view field) {
  if (version <= 0) {
    return InvalidArgument(fmt::format("{}: {} is no version, the first is 1", field, version));
  }
  return version;
}

Status CheckName(std::string_view name, std::string_view field) {
  return name.empty() ? InvalidArgument(fmt::format("{}: is empty", field)) : OkStatus();
}

Status CheckPin(const v1::PinSnapshotRequest& request) {
  RETURN_IF_ERROR(RequiredVersion(request.version(), "version").status());
  if (request.reason().empty()) {
    return InvalidArgument("reason: is empty; say what the pin is for");
  }
  if (request.reason().size() > kPinReasonBytesMax) {
    return LimitExceeded(fmt::format("reason: has {} bytes, at most {} are allowed",
                                     request.reason().size(), kPinReasonBytesMax));
  }
  return OkStatus();
}

StatusOr<std::optional<uint64_t>> KeepRecentOf(const v1::PruneRequest& request) {
  if (!request.has_keep_recent()) {
    return std::optional<uint64_t>();
  }
  if (request.keep_recent() > kKeepRecentMax) {
    return LimitExceeded(fmt::format("keep_recent: is {}, at most {} is allowed",
                                     request.keep_recent(), kKeepRecentMax));
  }
  return std::optional<uint64_t>(request.keep_recent());
}

StatusOr<RollbackChoice> ChoiceOf(v1::RollbackMethod method) {
  if (!v1::RollbackMethod_IsValid(method)) {
    return InvalidArgument(
        fmt::format("method: {} is none of AUTO, UNDO, REPLAY", static_cast<int>(method)));
  }
  return static_cast<RollbackChoice>(method);
}

StatusOr<std::vector<ReorgBlock>> BlocksOf(const v1::ReorgRequest& request) {
  if (request.blocks().empty()) {
    return InvalidArgument("blocks: is empty; a reorg has at least one new version");
  }
  if (request.blocks_size() > kReorgBlocksMax) {
    return LimitExceeded(fmt::format("blocks: has {} versions, at most {} are allowed",
                                     request.blocks_size(), kReorgBlocksMax));
  }
  ASSIGN_OR_RETURN(Version expected,
                   RequiredVersion(request.blocks(0).version(), "blocks[0].version"));
  std::vector<ReorgBlock> blocks;
  blocks.reserve(static_cast<size_t>(request.blocks_size()));
  for (const v1::ReorgBlock& block : request.blocks()) {
    if (block.version() != expected) {
      return InvalidArgument(fmt::format("blocks[{}].version: is {}, {} follows on {}",
                                         blocks.size(), block.version(), expected, expected - 1));
    }
    blocks.push_back({.version = expected, .changes = ViewOf(block.changesets())});
    ++expected;
  }
  return blocks;
}

StatusOr<VerifyOptions> OptionsOf(const v1::VerifyRequest& request) {
  VerifyOptions options;
  options.depth = request.full() ? VerifyDepth::kFull : VerifyDepth::kQuick;
  ASSIGN_OR_RETURN(options.at, OptionalVersion(request.at(), "at"));
  ASSIGN_OR_RETURN(options.snapshot, OptionalVersion(request.snapshot(), "snapshot"));
  if (options.at.has_value() && options.snapshot.has_value()) {
    return InvalidArgument("at and snapshot: ask for one of the two");
  }
  return options;
}

void ToProto(const Pin& pin, v1::PinInfo* info) {
  info->set_id(pin.id);
  info->set_version(pin.version);
  info->set_reason(pin.reason);
  info->set_created_unix_seconds(pin.created_unix_seconds);
}

void ToProto(std::span<const Pin> pins, v1::ListPinsResponse* response) {
  for (const Pin& pin : pins) {
    ToProto(pin, response->add_pins());
  }
}

void ToProto(const RetentionInfo& info, v1::RetentionResponse* response) {
  response->set_oldest_retained(info.oldest_retained);
  response->set_oldest_undo(info.oldest_undo);
  response->set_current(info.current);
  response->mutable_snapshots()->Add(info.snapshots.begin(), info.snapshots.end());
  response->set_snapshot_bytes(info.snapshot_bytes);
  response->set_undo_bytes(info.undo_bytes);
  for (const Pin& pin : info.pins) {
    ToProto(pin, response->add_pins());
  }
  response->set_open_views(info.open_views);
  response->set_quarantine_entries(info.quarantine_entries);
  response->set_quarantine_bytes(info.quarantine_bytes);
  v1::SnapshotActivity* activity = response->mutable_activity();
  activity->set_policy(info.activity.policy);
  activity->set_running(info.activity.running);
  activity->set_last_version(info.activity.last_version);
  activity->set_last_seconds(info.activity.last_seconds);
  activity->set_taken(info.activity.taken);
  activity->set_failed(info.activity.failed);
  activity->set_last_error(info.activity.last_error);
  response->set_on_dirty_store(info.on_dirty_store);
  // Clients have other working directories than the daemon.
  std::error_code error;
  const std::filesystem::path directory = std::filesystem::absolute(info.store_directory, error);
  response->set_store_directory(error ? info.store_directory : directory.string());
}

void ToProto(const SnapshotSummary& summary, SnapshotDetail detail, v1::Snapshot* snapshot) {
  const SnapshotManifest& manifest = summary.manifest;
  snapshot->set_version(manifest.version);
  snapshot->set_root(BytesOf(manifest.root));
  snapshot->set_is_current(summary.is_current);
  for (const Pin& pin : summary.pins) {
    ToProto(pin, snapshot->add_pins());
  }
  snapshot->set_leases(summary.leases);
  snapshot->set_suite(std::string(SuiteName(manifest.suite)));
  snapshot->set_store_id(manifest.store_id);
  snapshot->set_operation_id(manifest.operation_id);
  snapshot->set_build(manifest.build);
  snapshot->set_engine(manifest.engine);
  snapshot->set_key_format(manifest.key_format);
  snapshot->set_created_unix_seconds(manifest.created_unix_seconds);
  snapshot->set_wal_from(manifest.wal_from);
  snapshot->set_files_count(summary.files_count);
  snapshot->set_total_bytes(summary.total_bytes);
  for (const DataDb db : kAllDataDbs) {
    const SnapshotDb& from = manifest.dbs[IndexOf(db)];
    v1::SnapshotDb* to = snapshot->add_dbs();
    to->set_name(std::string(NameOf(db)));
    to->set_checksum(BytesOf(from.checksum));
    to->set_rows(from.rows);
    to->set_bytes(from.bytes);
    for (const SnapshotModule& module : from.modules) {
      v1::SnapshotModule* share = to->add_modules();
      share->set_name(module.name);
      share->set_checksum(BytesOf(module.checksum));
      share->set_rows(module.rows);
      share->set_bytes(module.bytes);
    }
  }
  if (detail == SnapshotDetail::kWithoutFiles) {
    return;
  }
  for (const SnapshotFile& file : manifest.files) {
    v1::SnapshotFile* entry = snapshot->add_files();
    entry->set_path(file.path);
    entry->set_bytes(file.size_bytes);
    entry->set_digest(BytesOf(file.digest));
  }
}

void ToProto(const PrunePlan& plan, v1::PruneResponse* response) {
  response->mutable_snapshots()->Add(plan.snapshots.begin(), plan.snapshots.end());
  response->set_wal_below(plan.wal_below);
}

void ToProto(const RollbackPlan& plan, v1::RollbackResponse* response) {
  response->set_from(plan.from);
  response->set_target(plan.target);
  response->set_target_root(BytesOf(plan.target_root));
  response->set_method(plan.method == RollbackMethod::kUndo ? v1::UNDO : v1::REPLAY);
  response->set_base(plan.base.value_or(0));
  response->set_replay_from(plan.replay_from);
  response->mutable_removed_snapshots()->Add(plan.removed_snapshots.begin(),
                                             plan.removed_snapshots.end());
  for (const Pin& pin : plan.removed_pins) {
    ToProto(pin, response->add_removed_pins());
  }
  for (const std::string& step : plan.steps) {
    response->add_steps(step);
  }
}

void ToProto(const ReorgResult& result, v1::ReorgResponse* response) {
  response->set_from(result.from);
  for (const auto& [version, root] : result.versions) {
    v1::ReorgVersion* entry = response->add_versions();
    entry->set_version(version);
    entry->set_root(BytesOf(root));
  }
  response->set_already_done(result.already_done);
  response->set_seconds(result.seconds);
}

void ToProto(const VerifyProgress& progress, v1::VerifyProgress* message) {
  message->set_phase(progress.phase);
  message->set_done(progress.done);
  message->set_total(progress.total);
}

void ToProto(const VerifyReport& report, v1::VerifyReport* message) {
  message->set_version(report.version);
  message->set_root(BytesOf(report.root));
  const size_t listed = std::min(report.findings.size(), kFindingsMax);
  for (size_t i = 0; i < listed; ++i) {
    message->add_findings(report.findings[i]);
  }
  if (listed < report.findings.size()) {
    message->add_findings(
        fmt::format("and {} more findings that are not listed", report.findings.size() - listed));
  }
  message->set_snapshots(report.snapshots);
  message->set_files(report.files);
  message->set_versions(report.versions);
  message->set_rows(report.rows);
  message->set_seconds(report.seconds);
}

void ToProto(const QuarantineEntry& entry, v1::QuarantineInfo* info) {
  info->set_name(entry.name);
  info->set_item(entry.item);
  info->set_reason(entry.reason);
  info->set_created_unix_seconds(entry.created_unix_seconds);
  info->set_bytes(entry.bytes);
}

void ToProto(const CompactProgress& progress, v1::CompactProgress* message) {
  message->set_db(progress.db);
  message->set_done(progress.done);
  message->set_total(progress.total);
}

void ToProto(const CompactReport& report, v1::CompactReport* message) {
  for (const DataDb db : kAllDataDbs) {
    v1::CompactDb* const entry = message->add_dbs();
    entry->set_name(std::string(NameOf(db)));
    entry->set_bytes_before(report.dbs[IndexOf(db)].bytes_before);
    entry->set_bytes_after(report.dbs[IndexOf(db)].bytes_after);
  }
  message->set_seconds(report.seconds);
}

StatusOr<ScrubAction> ActionOf(v1::ScrubAction action) {
  if (!v1::ScrubAction_IsValid(action)) {
    return InvalidArgument(fmt::format("action: {} is none of STATUS, START, PAUSE, RESUME",
                                       static_cast<int>(action)));
  }
  return static_cast<ScrubAction>(action);
}

void ToProto(const ScrubStatus& status, v1::ScrubResponse* response) {
  response->set_state(status.state);
  response->set_interval_seconds(status.interval_seconds);
  response->set_bytes_per_second(status.bytes_per_second);
  response->set_phase(status.phase);
  response->set_started_unix_seconds(status.started_unix_seconds);
  response->set_bytes(status.bytes);
  response->set_last_end_unix_seconds(status.last_end_unix_seconds);
  response->set_last_seconds(status.last_seconds);
  response->set_last_bytes(status.last_bytes);
  response->set_last_findings(status.last_findings);
  for (const std::string& finding : status.findings) {
    response->add_findings(finding);
  }
  response->set_bytes_since_open(status.bytes_since_open);
  response->set_passes_since_open(status.passes_since_open);
  response->set_error(status.error);
}

}  // namespace flatkv::server
