#include <fmt/format.h>

#include "cli/backup_commands.h"
#include "cli/errors.h"
#include "cli/interrupt.h"
#include "cli/local_access.h"
#include "cli/output.h"
#include "cli/real_path.h"
#include "cli/status_line.h"
#include "flatkv/base/hex.h"
#include "flatkv/fs/path.h"
#include "flatkv/fs/posix_file_system.h"

namespace flatkv::cli {
namespace {

std::string Hex(const Digest& digest) { return HexEncode(AsBytes(digest)); }

OrderedJson PlanJson(const RestorePlan& plan) {
  return {{"source", plan.source},
          {"source_store_id", plan.source_store_id},
          {"suite", SuiteName(plan.suite)},
          {"version", plan.version},
          {"root", Hex(plan.root)},
          {"files", plan.files},
          {"bytes", plan.bytes},
          {"links_tables", plan.links_tables},
          {"home", plan.home},
          {"replaces", plan.replaces},
          {"replaced_store_id", plan.replaced_store_id},
          {"steps", plan.steps}};
}

void PrintPlan(const RestorePlan& plan, bool json) {
  if (json) {
    PrintJsonLine({{"mode", "offline"}, {"plan", PlanJson(plan)}});
    return;
  }
  fmt::print("offline: store in {}\nplan: restore\n", plan.home);
  fmt::print("head      {} afterwards\nroot      {} afterwards\n", plan.version, Hex(plan.root));
  fmt::print("source    {} ({} files, {} bytes)\n", plan.source, plan.files, plan.bytes);
  fmt::print("from      store {}, suite {}\n", plan.source_store_id, SuiteName(plan.suite));
  if (plan.replaces) {
    fmt::print("replaces  {}, which goes to the quarantine whole\n",
               plan.replaced_store_id.empty() ? "a store that says no id"
                                              : "store " + plan.replaced_store_id);
  }
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    fmt::print("  {}. {}\n", i + 1, plan.steps[i]);
  }
  std::fflush(stdout);
}

void PrintResult(const RestoreReport& report, bool json) {
  if (json) {
    PrintJsonLine({{"mode", "offline"},
                   {"home", report.plan.home},
                   {"version", report.plan.version},
                   {"root", Hex(report.plan.root)},
                   {"store_id", report.store_id},
                   {"quarantine_entry", report.quarantine_entry},
                   {"seconds", report.seconds}});
    return;
  }
  fmt::print("restored in {:.2f} s: version {}, root {}\n", report.seconds, report.plan.version,
             Hex(report.plan.root));
  fmt::print("store id  {}: a new one; back it up to a directory of its own\n", report.store_id);
  if (!report.quarantine_entry.empty()) {
    fmt::print("old store {}\n",
               JoinPath(JoinPath(report.plan.home, "quarantine"), report.quarantine_entry));
  }
}

StatusOr<RestoreRequest> RequestOf(const TargetOptions& target, const RestoreOptions& options) {
  if (target.address.has_value()) {
    return InvalidArgument(
        "a restore works on the files of a store that is not open: give --home "
        "DIR, not --address");
  }
  RestoreRequest request;
  if (target.home.has_value()) {
    ASSIGN_OR_RETURN(request.home, RealPath(*target.home));
    // What the daemon would refuse to open is refused before anything is done.
    if (options.to.empty()) {
      ASSIGN_OR_RETURN(const Config config, ConfigOfHome(target));
      request.suite = config.store.suite;
      request.initial_version = config.store.initial_version;
    }
  }
  if (!options.to.empty()) {
    ASSIGN_OR_RETURN(request.to, RealPath(options.to));
  }
  if (!options.from.empty()) {
    ASSIGN_OR_RETURN(request.from, RealPath(options.from));
  }
  request.version = options.snapshot;
  request.pin_id = options.pin_id;
  request.replaces = options.replaces;
  return request;
}

Status WithLockHint(const Status& status) {
  return ReasonOf(status) == Reason::kLocked
             ? WithHint(status, "stop the daemon first; flatkv backup works beside it")
             : status;
}

}  // namespace

Status RunRestore(const TargetOptions& target, const RestoreOptions& options, bool json,
                  Person& person, const std::function<bool()>& interrupted) {
  ASSIGN_OR_RETURN(const RestoreRequest request, RequestOf(target, options));
  const StatusOr<RestorePlan> plan = PlanRestore(PosixFileSystem(), request);
  if (!plan.ok()) {
    return WithLockHint(plan.status());
  }
  PrintPlan(*plan, json);
  if (options.confirm.dry_run) {
    return OkStatus();
  }
  RETURN_IF_ERROR(Confirm(options.confirm, "restore", person));
  CatchInterrupts();
  StatusLine line;
  const StatusOr<RestoreReport> report =
      Restore(PosixFileSystem(), WarningLogger(), request,
              [&](std::string_view phase, uint64_t done, uint64_t total) {
                line.Show(ProgressText("restore", phase, done, total));
                return !interrupted();
              });
  if (!report.ok()) {
    return WithLockHint(report.status());
  }
  PrintResult(*report, json);
  return OkStatus();
}

}  // namespace flatkv::cli
