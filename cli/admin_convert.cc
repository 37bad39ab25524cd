#include "cli/admin_convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/client_convert.h"

namespace flatkv::cli {
namespace {

template <typename Repeated>
std::vector<Version> ToVersions(const Repeated& versions) {
  return {versions.begin(), versions.end()};
}

template <typename Repeated>
std::vector<Pin> ToPins(const Repeated& messages) {
  std::vector<Pin> pins;
  for (const v1::PinInfo& message : messages) {
    pins.push_back(ToPin(message));
  }
  return pins;
}

StatusOr<SnapshotDb> ToDb(const v1::SnapshotDb& message) {
  SnapshotDb db;
  ASSIGN_OR_RETURN(db.checksum, ToDigest(message.checksum()));
  db.rows = message.rows();
  db.bytes = message.bytes();
  for (const v1::SnapshotModule& module : message.modules()) {
    SnapshotModule& added = db.modules.emplace_back();
    added.name = module.name();
    ASSIGN_OR_RETURN(added.checksum, ToDigest(module.checksum()));
    added.rows = module.rows();
    added.bytes = module.bytes();
  }
  return db;
}

StatusOr<SnapshotFile> ToFile(const v1::SnapshotFile& message) {
  SnapshotFile file;
  file.path = message.path();
  file.size_bytes = message.bytes();
  if (message.digest().size() != file.digest.size()) {
    return Internal(fmt::format("the daemon sent a digest of {} bytes for {}",
                                message.digest().size(), message.path()));
  }
  std::copy(message.digest().begin(), message.digest().end(), file.digest.begin());
  return file;
}

}  // namespace

RetentionInfo ToRetention(const v1::RetentionResponse& response) {
  RetentionInfo info;
  info.oldest_retained = response.oldest_retained();
  info.oldest_undo = response.oldest_undo();
  info.current = response.current();
  info.snapshots = ToVersions(response.snapshots());
  info.snapshot_bytes = response.snapshot_bytes();
  info.undo_bytes = response.undo_bytes();
  info.pins = ToPins(response.pins());
  info.open_views = response.open_views();
  info.quarantine_entries = response.quarantine_entries();
  info.quarantine_bytes = response.quarantine_bytes();
  const v1::SnapshotActivity& activity = response.activity();
  info.activity.policy = activity.policy();
  info.activity.running = activity.running();
  info.activity.last_version = activity.last_version();
  info.activity.last_seconds = activity.last_seconds();
  info.activity.taken = activity.taken();
  info.activity.failed = activity.failed();
  info.activity.last_error = activity.last_error();
  info.on_dirty_store = response.on_dirty_store();
  info.store_directory = response.store_directory();
  return info;
}

StatusOr<SnapshotSummary> ToSnapshot(const v1::Snapshot& message) {
  SnapshotSummary summary;
  SnapshotManifest& manifest = summary.manifest;
  ASSIGN_OR_RETURN(manifest.suite, ToSuite(message.suite()));
  ASSIGN_OR_RETURN(manifest.root, ToDigest(message.root()));
  manifest.version = message.version();
  manifest.store_id = message.store_id();
  manifest.operation_id = message.operation_id();
  manifest.build = message.build();
  manifest.engine = message.engine();
  manifest.key_format = message.key_format();
  manifest.created_unix_seconds = message.created_unix_seconds();
  manifest.wal_from = message.wal_from();
  for (const v1::SnapshotDb& db : message.dbs()) {
    const auto name = std::find(kDataDbNames.begin(), kDataDbNames.end(), db.name());
    if (name == kDataDbNames.end()) {
      return Internal(fmt::format("the daemon has an unknown data DB '{}'", db.name()));
    }
    ASSIGN_OR_RETURN(manifest.dbs[static_cast<size_t>(name - kDataDbNames.begin())], ToDb(db));
  }
  for (const v1::SnapshotFile& file : message.files()) {
    ASSIGN_OR_RETURN(SnapshotFile added, ToFile(file));
    manifest.files.push_back(std::move(added));
  }
  summary.files_count = message.files_count();
  summary.total_bytes = message.total_bytes();
  summary.is_current = message.is_current();
  summary.pins = ToPins(message.pins());
  summary.leases = message.leases();
  return summary;
}

Pin ToPin(const v1::PinInfo& message) {
  return {message.id(), message.version(), message.reason(), message.created_unix_seconds()};
}

PrunePlan ToPrunePlan(const v1::PruneResponse& response) {
  return {ToVersions(response.snapshots()), response.wal_below()};
}

StatusOr<RollbackResult> ToRollback(const v1::RollbackResponse& response) {
  RollbackResult result;
  RollbackPlan& plan = result.plan;
  plan.from = response.from();
  plan.target = response.target();
  ASSIGN_OR_RETURN(plan.target_root, ToDigest(response.target_root()));
  plan.method = response.method() == v1::UNDO ? RollbackMethod::kUndo : RollbackMethod::kReplay;
  if (response.base() != 0) {
    plan.base = response.base();
  }
  plan.replay_from = response.replay_from();
  plan.removed_snapshots = ToVersions(response.removed_snapshots());
  plan.removed_pins = ToPins(response.removed_pins());
  plan.steps.assign(response.steps().begin(), response.steps().end());
  result.seconds = response.seconds();
  return result;
}

StatusOr<ReorgResult> ToReorg(const v1::ReorgResponse& response) {
  ReorgResult result;
  result.from = response.from();
  for (const v1::ReorgVersion& version : response.versions()) {
    ASSIGN_OR_RETURN(const Digest root, ToDigest(version.root()));
    result.versions.emplace_back(version.version(), root);
  }
  result.already_done = response.already_done();
  result.seconds = response.seconds();
  return result;
}

StatusOr<VerifyReport> ToVerifyReport(const v1::VerifyReport& message) {
  VerifyReport report;
  report.version = message.version();
  ASSIGN_OR_RETURN(report.root, ToDigest(message.root()));
  report.findings.assign(message.findings().begin(), message.findings().end());
  report.snapshots = message.snapshots();
  report.files = message.files();
  report.versions = message.versions();
  report.rows = message.rows();
  report.seconds = message.seconds();
  return report;
}

QuarantineEntry ToQuarantine(const v1::QuarantineInfo& message) {
  return {message.name(), message.item(), message.reason(), message.created_unix_seconds(),
          message.bytes()};
}

StatusOr<CompactReport> ToCompactReport(const v1::CompactReport& message) {
  if (message.dbs_size() != static_cast<int>(kDataDbs)) {
    return Internal("the daemon's report does not have the four data DBs");
  }
  CompactReport report;
  for (size_t i = 0; i < kDataDbs; ++i) {
    const v1::CompactDb& db = message.dbs(static_cast<int>(i));
    report.dbs[i] = {db.bytes_before(), db.bytes_after()};
  }
  report.seconds = message.seconds();
  return report;
}

ScrubStatus ToScrub(const v1::ScrubResponse& response) {
  ScrubStatus status;
  status.state = response.state();
  status.interval_seconds = response.interval_seconds();
  status.bytes_per_second = response.bytes_per_second();
  status.phase = response.phase();
  status.started_unix_seconds = response.started_unix_seconds();
  status.bytes = response.bytes();
  status.last_end_unix_seconds = response.last_end_unix_seconds();
  status.last_seconds = response.last_seconds();
  status.last_bytes = response.last_bytes();
  status.last_findings = response.last_findings();
  status.findings.assign(response.findings().begin(), response.findings().end());
  status.bytes_since_open = response.bytes_since_open();
  status.passes_since_open = response.passes_since_open();
  status.error = response.error();
  return status;
}

v1::RollbackMethod FromChoice(RollbackChoice choice) {
  switch (choice) {
    case RollbackChoice::kUndo:
      return v1::UNDO;
    case RollbackChoice::kReplay:
      return v1::REPLAY;
    case RollbackChoice::kAuto:
      break;
  }
  return v1::AUTO;
}

void Fill(std::span<const ReorgBlock> blocks, v1::ReorgRequest* request) {
  request->Clear();
  for (const ReorgBlock& block : blocks) {
    v1::ReorgBlock* added = request->add_blocks();
    added->set_version(block.version);
    Fill(block.changes, added->mutable_changesets());
  }
}

}  // namespace flatkv::cli
