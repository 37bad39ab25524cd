#include "cli/status_command.h"

#include <fmt/format.h>

#include "cli/admin_json.h"
#include "cli/plan_text.h"
#include "cli/upkeep_commands.h"
#include "flatkv/base/hex.h"

namespace flatkv::cli {
namespace {

std::string Hex(const Digest& digest) { return HexEncode(AsBytes(digest)); }

// How the scrub stands; nothing where administration is not reached.
StatusOr<ScrubStatus> ScrubOf(StoreAccess& access) {
  ASSIGN_OR_RETURN(StoreAdmin* const admin, access.Admin());
  return admin->Scrub(ScrubAction::kStatus);
}

OrderedJson StatusJson(const StoreAccess& access, const StatusReport& report,
                       const StatusOr<RetentionInfo>& retention,
                       const StatusOr<ScrubStatus>& scrub) {
  const StoreInfo& info = report.info;
  OrderedJson document;
  document["mode"] = access.mode();
  document[access.mode() == "online" ? "address" : "home"] = access.where();
  document["version"] = info.version;
  document["root"] = Hex(info.root);
  document["suite"] = SuiteName(info.suite);
  document["store_id"] = info.store_id;
  document["initial_version"] = info.initial_version;
  document["oldest_version"] = info.oldest_version;
  document["pending_version"] = info.pending_version;
  document["wal_sync"] = report.wal_sync;
  document["poisoned"] = info.poisoned;
  document["poison_reason"] = info.poison_reason;
  document["corrupt"] = info.corrupt;
  document["corrupt_reason"] = info.corrupt_reason;
  document["build"] = report.build;
  for (size_t i = 0; i < kDataDbs; ++i) {
    document["data_dbs"][std::string(kDataDbNames[i])] = {{"rows", info.dbs[i].rows},
                                                          {"bytes", info.dbs[i].bytes},
                                                          {"checksum", Hex(info.dbs[i].checksum)}};
  }
  document["backlog"] = {{"versions", info.backlog.versions},
                         {"overlay_bytes", info.backlog.overlay_bytes},
                         {"level0_tables", info.backlog.level0_tables},
                         {"compaction_debt_bytes", info.backlog.compaction_debt_bytes}};
  document["disk_free_bytes"] =
      info.disk_free_bytes.has_value() ? OrderedJson(*info.disk_free_bytes) : OrderedJson();
  if (report.recovery.has_value()) {
    document["recovery"] = RecoveryJson(*report.recovery);
  }
  if (retention.ok()) {
    document["retention"] = ToJson(*retention);
  } else {
    document["retention"] = OrderedJson();
    document["retention_error"] = MessageOf(retention.status());
  }
  document["scrub"] = scrub.ok() ? ToJson(*scrub) : OrderedJson();
  return document;
}

std::string ActivityText(const SnapshotActivity& activity) {
  std::string text = fmt::format("policy {}", activity.policy);
  if (activity.running != 0) {
    text += fmt::format("; snapshot {} is being taken", activity.running);
  }
  text += fmt::format("; {} taken since start, {} failed", activity.taken, activity.failed);
  if (activity.last_version != 0) {
    text += fmt::format("; last {} in {:.2f} s", activity.last_version, activity.last_seconds);
  }
  if (!activity.last_error.empty()) {
    text += fmt::format("; LAST ATTEMPT FAILED: {}", activity.last_error);
  }
  return text;
}

void PrintRetention(const StoreAccess& access, const RetentionInfo& info) {
  fmt::print("retained  {}; undo {} ({} bytes)\n",
             info.oldest_retained == 0 ? std::string("nothing yet")
                                       : fmt::format("from version {} on", info.oldest_retained),
             info.oldest_undo == 0 ? std::string("to no version")
                                   : fmt::format("to version {}", info.oldest_undo),
             info.undo_bytes);
  fmt::print("snapshots {} ({} bytes); current {}\n", VersionList(info.snapshots),
             info.snapshot_bytes,
             info.current == 0 ? std::string("none yet") : std::to_string(info.current));
  // A command takes no snapshots by itself, whatever is configured for the daemon.
  const bool says_nothing = access.mode() == "offline" && info.activity.last_error.empty();
  if (!says_nothing) {
    fmt::print("activity  {}\n", ActivityText(info.activity));
  }
  fmt::print("in use    {} pins, {} views\n", info.pins.size(), info.open_views);
  fmt::print("set aside {} entries, {} bytes\n", info.quarantine_entries, info.quarantine_bytes);
  fmt::print("unclean   on-dirty-store = {}\n", info.on_dirty_store);
}

std::string BacklogText(const Backlog& backlog) {
  return fmt::format("to write: {} {}, {} bytes; to compact: {} bytes, {} {} on level 0",
                     backlog.versions, backlog.versions == 1 ? "version" : "versions",
                     backlog.overlay_bytes, backlog.compaction_debt_bytes, backlog.level0_tables,
                     backlog.level0_tables == 1 ? "table" : "tables");
}

void PrintDataDbs(const StoreInfo& info) {
  fmt::print("{:<8} {:>12} {:>15}  {}\n", "data DB", "rows", "bytes", "checksum");
  for (size_t i = 0; i < kDataDbs; ++i) {
    const DataDbSummary& db = info.dbs[i];
    fmt::print("{:<8} {:>12} {:>15}  {}\n", kDataDbNames[i], db.rows, db.bytes, Hex(db.checksum));
  }
}

}  // namespace

std::string RecoveryText(const RecoveryInfo& recovery) {
  std::string text =
      recovery.replayed_from == 0
          ? "nothing to replay"
          : fmt::format("replayed versions {} to {} in {:.2f} s", recovery.replayed_from,
                        recovery.replayed_to, recovery.seconds);
  if (recovery.replayed_by_undo != 0) {
    text += fmt::format(", {} of them from undo records", recovery.replayed_by_undo);
  }
  if (recovery.torn_bytes != 0) {
    text += fmt::format("; cut {} bytes of an unacknowledged record from {}", recovery.torn_bytes,
                        recovery.torn_file);
  }
  return text;
}

OrderedJson RecoveryJson(const RecoveryInfo& recovery) {
  return {{"replayed_from", recovery.replayed_from},
          {"replayed_to", recovery.replayed_to},
          {"replayed_by_undo", recovery.replayed_by_undo},
          {"torn_bytes", recovery.torn_bytes},
          {"torn_file", recovery.torn_file},
          {"seconds", recovery.seconds}};
}

StatusOr<OrderedJson> CollectStatus(StoreAccess& access) {
  ASSIGN_OR_RETURN(const StatusReport report, access.Report());
  const StatusOr<RetentionInfo> retention = access.Retention();
  return StatusJson(access, report, retention, ScrubOf(access));
}

Status RunStatus(StoreAccess& access, bool json) {
  if (json) {
    ASSIGN_OR_RETURN(const OrderedJson document, CollectStatus(access));
    PrintJsonLine(document);
    return OkStatus();
  }
  ASSIGN_OR_RETURN(const StatusReport report, access.Report());
  const StatusOr<RetentionInfo> retention = access.Retention();
  const StoreInfo& info = report.info;
  fmt::print("{}", ModeLine(access));
  fmt::print("version   {}\n", info.version);
  fmt::print("root      {}\n", Hex(info.root));
  fmt::print("suite     {}\n", SuiteName(info.suite));
  fmt::print("store id  {}\n", info.store_id);
  fmt::print(
      "versions  from {} (initial); roots {}\n", info.initial_version,
      info.oldest_version == 0 ? "of none yet" : fmt::format("from {} on", info.oldest_version));
  fmt::print("pending   {}\n", info.pending_version == 0
                                   ? "nothing"
                                   : fmt::format("changes of version {}", info.pending_version));
  fmt::print("wal.sync  {}\n", report.wal_sync);
  fmt::print("health    {}\n", info.poisoned  ? "POISONED: " + info.poison_reason
                               : info.corrupt ? "CORRUPT: " + info.corrupt_reason
                                              : "ok");
  fmt::print("backlog   {}\n", BacklogText(info.backlog));
  fmt::print("disk      {}\n", info.disk_free_bytes.has_value()
                                   ? fmt::format("{} bytes free", *info.disk_free_bytes)
                                   : "free space unknown");
  fmt::print("build     {}\n", report.build);
  if (report.recovery.has_value()) {
    fmt::print("recovery  {}\n", RecoveryText(*report.recovery));
  }
  if (retention.ok()) {
    PrintRetention(access, *retention);
  } else {
    fmt::print("retention unknown: {}\n", MessageOf(retention.status()));
  }
  if (const StatusOr<ScrubStatus> scrub = ScrubOf(access); scrub.ok()) {
    fmt::print("scrub     {}\n", ScrubText(*scrub));
  }
  PrintDataDbs(info);
  return OkStatus();
}

}  // namespace flatkv::cli
