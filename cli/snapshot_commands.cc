#include "cli/snapshot_commands.h"

#include <fmt/format.h>

#include "cli/admin_json.h"
#include "cli/errors.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/plan_text.h"
#include "flatkv/base/hex.h"

namespace flatkv::cli {
namespace {

// "current, 2 pins, 1 view", or "-".
std::string UseText(const SnapshotSummary& summary) {
  std::string text = summary.is_current ? "current" : "";
  const auto add = [&text](uint64_t count, std::string_view what) {
    if (count != 0) {
      text +=
          fmt::format("{}{} {}{}", text.empty() ? "" : ", ", count, what, count == 1 ? "" : "s");
    }
  };
  add(summary.pins.size(), "pin");
  add(summary.leases, "view");
  return text.empty() ? "-" : text;
}

void PrintPin(const Pin& pin) {
  fmt::print("{}  {:>12}  {}  {}\n", pin.id, pin.version, TimeText(pin.created_unix_seconds),
             pin.reason);
}

void PrintSummary(const SnapshotSummary& summary) {
  const SnapshotManifest& manifest = summary.manifest;
  fmt::print("version   {}\n", manifest.version);
  fmt::print("root      {}\n", HexEncode(AsBytes(manifest.root)));
  fmt::print("in use    {}\n", UseText(summary));
  fmt::print("created   {}\n", TimeText(manifest.created_unix_seconds));
  fmt::print("files     {}, {} bytes\n", summary.files_count, summary.total_bytes);
}

// Why `summary` cannot be removed; OK if it can.
Status CheckUnused(const SnapshotSummary& summary) {
  if (!summary.is_current && summary.pins.empty() && summary.leases == 0) {
    return OkStatus();
  }
  return WithReason(FailedPrecondition(fmt::format("snapshot {} is in use: {}",
                                                   summary.manifest.version, UseText(summary))),
                    Reason::kSnapshotInUse);
}

}  // namespace

Status RunSnapshotCreate(const AdminSession& session) {
  CatchInterrupts();
  ASSIGN_OR_RETURN(const SnapshotSummary summary, session.admin.CreateSnapshot());
  if (session.json) {
    PrintJsonLine({{"mode", session.access.mode()}, {"snapshot", ToJson(summary)}});
  } else {
    fmt::print("{}", ModeLine(session.access));
    PrintSummary(summary);
  }
  return OkStatus();
}

Status RunSnapshotList(const AdminSession& session) {
  ASSIGN_OR_RETURN(const std::vector<SnapshotSummary> summaries, session.admin.Snapshots());
  if (session.json) {
    OrderedJson list = OrderedJson::array();
    for (const SnapshotSummary& summary : summaries) {
      list.push_back(ToJson(summary));
    }
    PrintJsonLine({{"mode", session.access.mode()}, {"snapshots", std::move(list)}});
    return OkStatus();
  }
  fmt::print("{}", ModeLine(session.access));
  if (summaries.empty()) {
    fmt::print("no snapshots; flatkv snapshot create takes one\n");
    return OkStatus();
  }
  fmt::print("{:>12}  {:<20}  {:>6}  {:>15}  {}\n", "version", "created", "files", "bytes",
             "in use");
  for (const SnapshotSummary& summary : summaries) {
    const SnapshotManifest& manifest = summary.manifest;
    fmt::print("{:>12}  {:<20}  {:>6}  {:>15}  {}\n", manifest.version,
               TimeText(manifest.created_unix_seconds), summary.files_count, summary.total_bytes,
               UseText(summary));
  }
  return OkStatus();
}

Status RunSnapshotShow(const AdminSession& session, Version version) {
  ASSIGN_OR_RETURN(const SnapshotSummary summary, session.admin.ShowSnapshot(version));
  if (session.json) {
    PrintJsonLine({{"mode", session.access.mode()}, {"snapshot", ToDetailedJson(summary)}});
    return OkStatus();
  }
  const SnapshotManifest& manifest = summary.manifest;
  fmt::print("{}", ModeLine(session.access));
  PrintSummary(summary);
  fmt::print("suite     {}\n", SuiteName(manifest.suite));
  fmt::print("store id  {}\n", manifest.store_id);
  fmt::print("taken by  flatkv {}, {}, {}\n", manifest.build, manifest.engine, manifest.key_format);
  fmt::print("changelog needed from version {}\n", manifest.wal_from);
  for (const Pin& pin : summary.pins) {
    fmt::print("pin       {}: {}\n", pin.id, pin.reason);
  }
  for (size_t i = 0; i < kDataDbs; ++i) {
    const SnapshotDb& db = manifest.dbs[i];
    fmt::print("{:<8} {:>12} rows {:>15} bytes  {}\n", kDataDbNames[i], db.rows, db.bytes,
               HexEncode(AsBytes(db.checksum)));
  }
  for (const SnapshotFile& file : manifest.files) {
    fmt::print("file      {:>12}  {}\n", file.size_bytes, file.path);
  }
  return OkStatus();
}

Status RunSnapshotRemove(const AdminSession& session, Version version,
                         const ConfirmOptions& confirm, Person& person) {
  ASSIGN_OR_RETURN(const SnapshotSummary summary, session.admin.ShowSnapshot(version));
  RETURN_IF_ERROR(CheckUnused(summary));
  if (session.json) {
    PrintJsonLine({{"mode", session.access.mode()}, {"plan", {{"snapshot", ToJson(summary)}}}});
  } else {
    fmt::print("{}plan: remove snapshot {}\n", ModeLine(session.access), version);
    fmt::print("created   {}\n", TimeText(summary.manifest.created_unix_seconds));
    fmt::print("files     {}, {} bytes\n", summary.files_count, summary.total_bytes);
  }
  if (confirm.dry_run) {
    return OkStatus();
  }
  RETURN_IF_ERROR(Confirm(confirm, std::to_string(version), person));
  RETURN_IF_ERROR(session.admin.RemoveSnapshot(version));
  if (session.json) {
    PrintJsonLine({{"mode", session.access.mode()}, {"removed", version}});
  } else {
    fmt::print("snapshot {} is removed\n", version);
  }
  return OkStatus();
}

Status RunPin(const AdminSession& session, Version version, const std::string& reason) {
  ASSIGN_OR_RETURN(const Pin pin, session.admin.PinSnapshot(version, reason));
  if (session.json) {
    PrintJsonLine({{"mode", session.access.mode()}, {"pin", ToJson(pin)}});
  } else {
    fmt::print("{}snapshot {} is kept until: flatkv snapshot unpin {}\n", ModeLine(session.access),
               pin.version, pin.id);
  }
  return OkStatus();
}

Status RunUnpin(const AdminSession& session, const std::string& id) {
  const Status released = session.admin.ReleasePin(id);
  if (!released.ok()) {
    return released.code() == StatusCode::kNotFound
               ? WithHint(released, "flatkv snapshot pins lists the pins")
               : released;
  }
  if (session.json) {
    PrintJsonLine({{"mode", session.access.mode()}, {"released", id}});
  } else {
    fmt::print("{}pin {} is released\n", ModeLine(session.access), id);
  }
  return OkStatus();
}

Status RunPins(const AdminSession& session) {
  ASSIGN_OR_RETURN(const std::vector<Pin> pins, session.admin.ListPins());
  if (session.json) {
    OrderedJson list = OrderedJson::array();
    for (const Pin& pin : pins) {
      list.push_back(ToJson(pin));
    }
    PrintJsonLine({{"mode", session.access.mode()}, {"pins", std::move(list)}});
    return OkStatus();
  }
  fmt::print("{}", ModeLine(session.access));
  if (pins.empty()) {
    fmt::print("no pins\n");
  }
  for (const Pin& pin : pins) {
    PrintPin(pin);
  }
  return OkStatus();
}

}  // namespace flatkv::cli
