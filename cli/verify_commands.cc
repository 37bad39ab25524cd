#include "cli/verify_commands.h"

#include <fmt/format.h>

#include <vector>

#include "cli/admin_json.h"
#include "cli/errors.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/status_line.h"
#include "flatkv/base/hex.h"

namespace flatkv::cli {
namespace {

StatusOr<VerifyReport> Verify(const AdminSession& session, const VerifyOptions& options,
                              const std::function<bool()>& interrupted) {
  StatusLine line;
  StatusOr<VerifyReport> report =
      session.admin.Verify(options, [&](const VerifyProgress& progress) {
        line.Show(ProgressText("verify", progress.phase, progress.done, progress.total));
        return !interrupted();
      });
  if (!report.ok() && report.status().code() == StatusCode::kCancelled) {
    return WithHint(report.status(), "nothing was changed; the same command starts again");
  }
  return report;
}

std::string_view DepthName(VerifyDepth depth) {
  return depth == VerifyDepth::kFull ? "full" : "quick";
}

void PrintReport(const AdminSession& session, const VerifyReport& report, VerifyDepth depth) {
  if (session.json) {
    OrderedJson document = {{"mode", session.access.mode()},
                            {"ok", report.findings.empty()},
                            {"depth", DepthName(depth)}};
    document.update(ToJson(report));
    PrintJsonLine(document);
    return;
  }
  for (const std::string& finding : report.findings) {
    fmt::print("{}\n", finding);
  }
  if (report.findings.empty()) {
    fmt::print("ok: version {}, root {}\n", report.version, HexEncode(AsBytes(report.root)));
  }
  fmt::print("{} verification in {:.2f} s: {} snapshots, {} files, {} changelog records, {} rows\n",
             DepthName(depth), report.seconds, report.snapshots, report.files, report.versions,
             report.rows);
  std::fflush(stdout);
}

Status FindingsError(size_t findings) {
  return WithHint(
      DataLoss(fmt::format("{} {} of damage", findings, findings == 1 ? "finding" : "findings")),
      "flatkv snapshot list shows what can be restored from; flatkv wal verify looks at the "
      "changelog alone");
}

}  // namespace

Status RunVerify(const AdminSession& session, const VerifyOptions& options,
                 const std::function<bool()>& interrupted) {
  CatchInterrupts();
  if (!session.json) {
    fmt::print("{}", ModeLine(session.access));
    std::fflush(stdout);
  }
  ASSIGN_OR_RETURN(const VerifyReport report, Verify(session, options, interrupted));
  PrintReport(session, report, options.depth);
  return report.findings.empty() ? OkStatus() : FindingsError(report.findings.size());
}

Status RunSnapshotVerify(const AdminSession& session, std::optional<Version> version,
                         VerifyDepth depth, const std::function<bool()>& interrupted) {
  CatchInterrupts();
  std::vector<Version> versions;
  if (version.has_value()) {
    versions.push_back(*version);
  } else {
    ASSIGN_OR_RETURN(const std::vector<SnapshotSummary> summaries, session.admin.Snapshots());
    for (const SnapshotSummary& summary : summaries) {
      versions.push_back(summary.manifest.version);
    }
  }
  if (!session.json) {
    fmt::print("{}", ModeLine(session.access));
    if (versions.empty()) {
      fmt::print("no snapshots\n");
    }
    std::fflush(stdout);
  }
  size_t findings = 0;
  for (const Version snapshot : versions) {
    VerifyOptions options;
    options.depth = depth;
    options.snapshot = snapshot;
    ASSIGN_OR_RETURN(const VerifyReport report, Verify(session, options, interrupted));
    PrintReport(session, report, depth);
    findings += report.findings.size();
  }
  return findings == 0 ? OkStatus() : FindingsError(findings);
}

}  // namespace flatkv::cli
