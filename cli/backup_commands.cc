#include "cli/backup_commands.h"

#include <fmt/format.h>

#include "cli/errors.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/plan_text.h"
#include "cli/real_path.h"
#include "cli/status_line.h"
#include "flatkv/base/hex.h"
#include "flatkv/fs/path.h"
#include "flatkv/fs/posix_file_system.h"
#include "flatkv/store/backup.h"

namespace flatkv::cli {
namespace {

constexpr size_t kPinReasonBytesMax = 256;

std::string Hex(const Digest& digest) { return HexEncode(AsBytes(digest)); }

// The files of the store, which are read directly.
StatusOr<std::string> StoreFiles(const AdminSession& session) {
  ASSIGN_OR_RETURN(const RetentionInfo retention, session.access.Retention());
  if (retention.store_directory.empty()) {
    return FailedPrecondition("the daemon does not say where its store is: give --home DIR");
  }
  ASSIGN_OR_RETURN(std::string directory, RealPath(retention.store_directory));
  if (!PosixFileSystem().Stat(JoinPath(directory, "IDENTITY")).ok()) {
    return WithHint(
        NotFound(fmt::format("the files of the store, in {}, are not on this machine or cannot be "
                             "read",
                             directory)),
        "run flatkv backup where the daemon runs, as its user");
  }
  return directory;
}

StatusOr<Version> ChooseSnapshot(const AdminSession& session, const BackupOptions& options) {
  if (options.snapshot.has_value()) {
    return *options.snapshot;
  }
  if (options.newest) {
    ASSIGN_OR_RETURN(const std::vector<SnapshotSummary> summaries, session.admin.Snapshots());
    if (!summaries.empty()) {
      return summaries.back().manifest.version;
    }
  }
  ASSIGN_OR_RETURN(const SnapshotSummary taken, session.admin.CreateSnapshot());
  return taken.manifest.version;
}

// Copies while a pin keeps the snapshot. A pin that cannot be released is said, not hidden.
StatusOr<BackupReport> CopyPinned(const AdminSession& session, const BackupRequest& request,
                                  const std::function<bool()>& interrupted) {
  const std::string reason = "backup to " + request.to;
  ASSIGN_OR_RETURN(const Pin pin, session.admin.PinSnapshot(request.version,
                                                            reason.substr(0, kPinReasonBytesMax)));
  StatusLine line;
  const StatusOr<BackupReport> report =
      TakeBackup(PosixFileSystem(), NullLogger(), request, [&](uint64_t done, uint64_t total) {
        line.Show(ProgressText("backup", "bytes", done, total));
        return !interrupted();
      });
  if (const Status released = session.admin.ReleasePin(pin.id); !released.ok()) {
    fmt::print(stderr, "flatkv: warning: the pin {} stays ({}): flatkv snapshot unpin {}\n", pin.id,
               MessageOf(released), pin.id);
  }
  return report;
}

void PrintReport(const AdminSession& session, const BackupReport& report, const std::string& to) {
  if (session.json) {
    PrintJsonLine({{"mode", session.access.mode()},
                   {"to", to},
                   {"version", report.version},
                   {"root", Hex(report.root)},
                   {"already_there", report.already_there},
                   {"files", report.files},
                   {"bytes", report.bytes},
                   {"copied_files", report.copied_files},
                   {"copied_bytes", report.copied_bytes}});
    return;
  }
  fmt::print("version   {}\nroot      {}\n", report.version, Hex(report.root));
  fmt::print("files     {}, {} bytes\n", report.files, report.bytes);
  if (report.already_there) {
    fmt::print("{} has it already: nothing was copied\n", to);
  } else {
    fmt::print("copied    {} files, {} bytes; the others were in {} already\n", report.copied_files,
               report.copied_bytes, to);
  }
}

}  // namespace

Status RunBackup(const AdminSession& session, const BackupOptions& options,
                 const std::function<bool()>& interrupted) {
  if (options.to.empty()) {
    return InvalidArgument("backup to where? --to DIR");
  }
  CatchInterrupts();
  BackupRequest request;
  ASSIGN_OR_RETURN(request.store_directory, StoreFiles(session));
  ASSIGN_OR_RETURN(request.to, RealPath(options.to));
  // Before a snapshot is taken for nothing.
  RETURN_IF_ERROR(CheckBackupDirectory(PosixFileSystem(), request.store_directory, request.to));
  ASSIGN_OR_RETURN(request.version, ChooseSnapshot(session, options));
  if (!session.json) {
    fmt::print("{}", ModeLine(session.access));
    std::fflush(stdout);
  }
  ASSIGN_OR_RETURN(const BackupReport report, CopyPinned(session, request, interrupted));
  PrintReport(session, report, request.to);
  return OkStatus();
}

Status RunBackupList(const std::string& from, bool json) {
  ASSIGN_OR_RETURN(const BackupListing listing, ListBackups(PosixFileSystem(), from));
  if (json) {
    OrderedJson list = OrderedJson::array();
    for (const BackupSummary& backup : listing.backups) {
      list.push_back({{"version", backup.version},
                      {"root", Hex(backup.root)},
                      {"created_unix_seconds", backup.created_unix_seconds},
                      {"files", backup.files},
                      {"bytes", backup.bytes},
                      {"defect", backup.defect}});
    }
    PrintJsonLine({{"from", from},
                   {"store_id", listing.store_id},
                   {"suite", SuiteName(listing.suite)},
                   {"initial_version", listing.initial_version},
                   {"backups", std::move(list)}});
    return OkStatus();
  }
  fmt::print("backups of store {}, suite {}\n", listing.store_id, SuiteName(listing.suite));
  if (listing.backups.empty()) {
    fmt::print("none yet\n");
  }
  for (const BackupSummary& backup : listing.backups) {
    if (!backup.defect.empty()) {
      fmt::print("{:>12}  DAMAGED: {}\n", backup.version, backup.defect);
      continue;
    }
    fmt::print("{:>12}  {:<20}  {:>6} files {:>15} bytes  {}\n", backup.version,
               TimeText(backup.created_unix_seconds), backup.files, backup.bytes, Hex(backup.root));
  }
  return OkStatus();
}

Status RunBackupVerify(const std::string& from, std::optional<Version> version, bool json,
                       const std::function<bool()>& interrupted) {
  CatchInterrupts();
  std::vector<Version> versions;
  if (version.has_value()) {
    versions.push_back(*version);
  }
  StatusLine line;
  ASSIGN_OR_RETURN(
      const BackupVerdict verdict,
      VerifyBackups(PosixFileSystem(), from, versions, [&](uint64_t done, uint64_t total) {
        line.Show(ProgressText("verify", "bytes", done, total));
        return !interrupted();
      }));
  if (json) {
    PrintJsonLine({{"from", from},
                   {"ok", verdict.findings.empty()},
                   {"findings", verdict.findings},
                   {"backups", verdict.backups},
                   {"files", verdict.files},
                   {"bytes", verdict.bytes}});
  } else {
    for (const std::string& finding : verdict.findings) {
      fmt::print("{}\n", finding);
    }
    fmt::print("{}{} backups, {} files, {} bytes\n", verdict.findings.empty() ? "ok: " : "",
               verdict.backups, verdict.files, verdict.bytes);
  }
  return verdict.findings.empty()
             ? OkStatus()
             : WithHint(DataLoss(fmt::format("{}: {} findings of damage", from,
                                             verdict.findings.size())),
                        "flatkv backup rm V --from DIR removes a damaged backup; the next flatkv "
                        "backup copies anew what is damaged");
}

Status RunBackupRemove(const std::string& from, Version version, const ConfirmOptions& confirm,
                       bool json, Person& person) {
  ASSIGN_OR_RETURN(const BackupListing listing, ListBackups(PosixFileSystem(), from));
  if (json) {
    PrintJsonLine({{"from", from}, {"plan", {{"version", version}}}});
  } else {
    fmt::print("plan: remove the backup of version {} from {}\n", version, from);
  }
  if (confirm.dry_run) {
    return OkStatus();
  }
  RETURN_IF_ERROR(Confirm(confirm, std::to_string(version), person));
  RETURN_IF_ERROR(RemoveBackup(PosixFileSystem(), from, version));
  if (json) {
    PrintJsonLine({{"from", from}, {"removed", version}});
  } else {
    fmt::print("the backup of version {} is removed\n", version);
  }
  return OkStatus();
}

}  // namespace flatkv::cli
