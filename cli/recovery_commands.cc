#include "cli/recovery_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "cli/output.h"
#include "cli/plan_text.h"
#include "cli/status_command.h"
#include "flatkv/base/hex.h"
#include "flatkv/codec/data_db.h"
#include "flatkv/fs/path.h"
#include "flatkv/fs/posix_file_system.h"

namespace flatkv::cli {
namespace {

// Where the store stands after the open, then closes it.
Status ReportAndClose(StoreAccess& access, std::string_view done, bool json) {
  ASSIGN_OR_RETURN(const StatusReport report, access.Report());
  ASSIGN_OR_RETURN(const RetentionInfo retention, access.Retention());
  RETURN_IF_ERROR(access.Close());
  const std::string root = HexEncode(AsBytes(report.info.root));
  if (json) {
    OrderedJson document = {{"mode", access.mode()},
                            {"version", report.info.version},
                            {"root", root},
                            {"current", retention.current},
                            {"oldest_retained", retention.oldest_retained},
                            {"quarantine_entries", retention.quarantine_entries}};
    document["recovery"] = RecoveryJson(report.recovery.value_or(RecoveryInfo()));
    PrintJsonLine(document);
    return OkStatus();
  }
  fmt::print("{}\n", done);
  fmt::print("version   {}\nroot      {}\n", report.info.version, root);
  fmt::print("current   {}\n", retention.current == 0
                                   ? std::string("no snapshot yet")
                                   : fmt::format("snapshot {}", retention.current));
  fmt::print("recovery  {}\n", RecoveryText(report.recovery.value_or(RecoveryInfo())));
  if (retention.quarantine_entries != 0) {
    fmt::print("set aside {} entries; flatkv quarantine list shows them\n",
               retention.quarantine_entries);
  }
  return OkStatus();
}

// Without one a damaged data DB would cost a replay of the whole changelog.
Status TakeFirstSnapshot(StoreAccess& access) {
  ASSIGN_OR_RETURN(const StatusReport report, access.Report());
  if (report.info.version < report.info.initial_version) {
    return OkStatus();
  }
  ASSIGN_OR_RETURN(StoreAdmin* const admin, access.Admin());
  return admin->CreateSnapshot().status();
}

}  // namespace

Status RunRecover(const TargetOptions& target, Version select, bool json) {
  ASSIGN_OR_RETURN(const std::unique_ptr<StoreAccess> access,
                   OpenOfflineTarget(target, [select](StoreOptions& options) {
                     options.select_snapshot = select;
                   }));
  if (!json) {
    fmt::print("{}", ModeLine(*access));
  }
  return ReportAndClose(*access,
                        select == 0 ? std::string("recovered from the changelog")
                                    : fmt::format("recovered from snapshot {}", select),
                        json);
}

std::vector<std::string> FlatDataDbs(FileSystem& fs, const std::string& store_directory) {
  std::vector<std::string> found;
  for (const std::string_view name : kDataDbNames) {
    const StatusOr<FileInfo> info = fs.Stat(JoinPath(store_directory, name));
    if (info.ok() && info->type == FileType::kDirectory) {
      found.emplace_back(name);
    }
  }
  return found;
}

Status RunMigrate(const TargetOptions& target, const ConfirmOptions& confirm, bool json,
                  Person& person) {
  ASSIGN_OR_RETURN(const std::string directory, StoreDirectory(target));
  FileSystem& fs = PosixFileSystem();
  const std::vector<std::string> found = FlatDataDbs(fs, directory);
  if (json) {
    PrintJsonLine(
        {{"mode", "offline"},
         {"plan", {{"migrate", !found.empty()}, {"data_dbs", found}, {"directory", directory}}}});
  } else {
    fmt::print("offline: store in {}\n", *target.home);
    if (found.empty()) {
      fmt::print("plan: nothing to migrate: {} has today's layout\n", directory);
    } else {
      fmt::print(
          "plan: migrate\nmoves     {} of {} into its working/\nthen      takes the first "
          "snapshot\n",
          fmt::join(found, ", "), directory);
    }
  }
  if (confirm.dry_run || found.empty()) {
    return OkStatus();
  }
  RETURN_IF_ERROR(Confirm(confirm, "migrate", person));
  ASSIGN_OR_RETURN(const std::unique_ptr<StoreAccess> access,
                   OpenOfflineTarget(target, [](StoreOptions&) {}));
  RETURN_IF_ERROR(TakeFirstSnapshot(*access));
  RETURN_IF_ERROR(ReportAndClose(*access, "migrated", json));
  const std::vector<std::string> left = FlatDataDbs(fs, directory);
  if (!left.empty()) {
    return Internal(fmt::format("{}: {} are still there after the migration", directory,
                                fmt::join(left, ", ")));
  }
  return OkStatus();
}

}  // namespace flatkv::cli
