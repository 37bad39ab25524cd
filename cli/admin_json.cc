#include "cli/admin_json.h"

#include "flatkv/base/hex.h"

namespace flatkv::cli {
namespace {

std::string Hex(const Digest& digest) { return HexEncode(AsBytes(digest)); }

template <typename Items>
OrderedJson List(const Items& items) {
  OrderedJson list = OrderedJson::array();
  for (const auto& item : items) {
    list.push_back(ToJson(item));
  }
  return list;
}

template <typename Share>  // SnapshotDb or SnapshotModule
OrderedJson ShareJson(const Share& share) {
  return {{"rows", share.rows}, {"bytes", share.bytes}, {"checksum", Hex(share.checksum)}};
}

OrderedJson ToJson(const SnapshotFile& file) {
  const std::string_view digest(reinterpret_cast<const char*>(file.digest.data()),
                                file.digest.size());
  return {{"path", file.path}, {"bytes", file.size_bytes}, {"digest", HexEncode(digest)}};
}

}  // namespace

OrderedJson ToJson(const Pin& pin) {
  return {{"id", pin.id},
          {"version", pin.version},
          {"reason", pin.reason},
          {"created_unix_seconds", pin.created_unix_seconds}};
}

OrderedJson ToJson(const SnapshotSummary& summary) {
  const SnapshotManifest& manifest = summary.manifest;
  return {
      {"version", manifest.version},       {"root", Hex(manifest.root)},
      {"current", summary.is_current},     {"pins", List(summary.pins)},
      {"leases", summary.leases},          {"files", summary.files_count},
      {"bytes", summary.total_bytes},      {"created_unix_seconds", manifest.created_unix_seconds},
      {"suite", SuiteName(manifest.suite)}};
}

OrderedJson ToDetailedJson(const SnapshotSummary& summary) {
  const SnapshotManifest& manifest = summary.manifest;
  OrderedJson document = ToJson(summary);
  document["store_id"] = manifest.store_id;
  document["operation_id"] = manifest.operation_id;
  document["build"] = manifest.build;
  document["engine"] = manifest.engine;
  document["key_format"] = manifest.key_format;
  document["wal_from"] = manifest.wal_from;
  OrderedJson& dbs = document["data_dbs"];
  for (size_t i = 0; i < kDataDbs; ++i) {
    OrderedJson db = ShareJson(manifest.dbs[i]);
    db["modules"] = OrderedJson::object();
    for (const SnapshotModule& module : manifest.dbs[i].modules) {
      db["modules"][module.name] = ShareJson(module);
    }
    dbs[std::string(kDataDbNames[i])] = std::move(db);
  }
  document["file_list"] = OrderedJson::array();
  for (const SnapshotFile& file : manifest.files) {
    document["file_list"].push_back(ToJson(file));
  }
  return document;
}

OrderedJson ToJson(const RollbackPlan& plan) {
  return {{"from", plan.from},
          {"target", plan.target},
          {"target_root", Hex(plan.target_root)},
          {"method", MethodName(plan.method)},
          {"base", plan.base.has_value() ? OrderedJson(*plan.base) : OrderedJson()},
          {"replay_from", plan.replay_from},
          {"removed_snapshots", plan.removed_snapshots},
          {"removed_pins", List(plan.removed_pins)},
          {"steps", plan.steps}};
}

OrderedJson ToJson(const PrunePlan& plan) {
  return {{"snapshots", plan.snapshots}, {"wal_below", plan.wal_below}};
}

OrderedJson ToJson(const VerifyReport& report) {
  return {{"version", report.version},   {"root", Hex(report.root)},
          {"findings", report.findings}, {"snapshots", report.snapshots},
          {"files", report.files},       {"versions", report.versions},
          {"rows", report.rows},         {"seconds", report.seconds}};
}

OrderedJson ToJson(const QuarantineEntry& entry) {
  return {{"name", entry.name},
          {"item", entry.item},
          {"reason", entry.reason},
          {"created_unix_seconds", entry.created_unix_seconds},
          {"bytes", entry.bytes}};
}

OrderedJson ToJson(const RetentionInfo& info) {
  const SnapshotActivity& activity = info.activity;
  return {{"oldest_retained", info.oldest_retained},
          {"oldest_undo", info.oldest_undo},
          {"current", info.current},
          {"snapshots", info.snapshots},
          {"snapshot_bytes", info.snapshot_bytes},
          {"undo_bytes", info.undo_bytes},
          {"pins", List(info.pins)},
          {"open_views", info.open_views},
          {"quarantine_entries", info.quarantine_entries},
          {"quarantine_bytes", info.quarantine_bytes},
          {"on_dirty_store", info.on_dirty_store},
          {"store_directory", info.store_directory},
          {"activity",
           {{"policy", activity.policy},
            {"running", activity.running},
            {"last_version", activity.last_version},
            {"last_seconds", activity.last_seconds},
            {"taken", activity.taken},
            {"failed", activity.failed},
            {"last_error", activity.last_error}}}};
}

OrderedJson ToJson(const CompactReport& report) {
  OrderedJson dbs = OrderedJson::object();
  for (size_t i = 0; i < kDataDbs; ++i) {
    dbs[std::string(kDataDbNames[i])] = {{"bytes_before", report.dbs[i].bytes_before},
                                         {"bytes_after", report.dbs[i].bytes_after}};
  }
  return {{"data_dbs", std::move(dbs)}, {"seconds", report.seconds}};
}

OrderedJson ToJson(const ScrubStatus& status) {
  return {{"state", status.state},
          {"interval_seconds", status.interval_seconds},
          {"bytes_per_second", status.bytes_per_second},
          {"phase", status.phase},
          {"started_unix_seconds", status.started_unix_seconds},
          {"bytes", status.bytes},
          {"last_end_unix_seconds", status.last_end_unix_seconds},
          {"last_seconds", status.last_seconds},
          {"last_bytes", status.last_bytes},
          {"last_findings", status.last_findings},
          {"findings", status.findings},
          {"bytes_since_open", status.bytes_since_open},
          {"passes_since_open", status.passes_since_open},
          {"error", status.error}};
}

std::string_view MethodName(RollbackMethod method) {
  return method == RollbackMethod::kUndo ? "undo" : "replay";
}

}  // namespace flatkv::cli
