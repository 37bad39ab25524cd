#include "cli/upkeep_commands.h"

#include <fmt/format.h>

#include "cli/admin_json.h"
#include "cli/errors.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/plan_text.h"
#include "cli/status_line.h"

namespace flatkv::cli {

Status RunCompact(const AdminSession& session, const std::function<bool()>& interrupted) {
  CatchInterrupts();
  if (!session.json) {
    fmt::print("{}", ModeLine(session.access));
    std::fflush(stdout);
  }
  StatusLine line;
  const StatusOr<CompactReport> report =
      session.admin.Compact([&](const CompactProgress& progress) {
        line.Show(ProgressText("compact", progress.db + ", steps", progress.done, progress.total));
        return !interrupted();
      });
  if (report.status().code() == StatusCode::kCancelled) {
    return WithHint(report.status(), "the same command goes on with what is left");
  }
  RETURN_IF_ERROR(report.status());
  if (session.json) {
    OrderedJson document = {{"mode", session.access.mode()}};
    document.update(ToJson(*report));
    PrintJsonLine(document);
    return OkStatus();
  }
  fmt::print("{:<8} {:>15} {:>15}\n", "data DB", "bytes before", "after");
  for (size_t i = 0; i < kDataDbs; ++i) {
    fmt::print("{:<8} {:>15} {:>15}\n", kDataDbNames[i], report->dbs[i].bytes_before,
               report->dbs[i].bytes_after);
  }
  fmt::print("compacted in {:.2f} s; snapshots keep the old tables until they go\n",
             report->seconds);
  return OkStatus();
}

std::string ScrubText(const ScrubStatus& status) {
  std::string text = status.state;
  if (!status.phase.empty()) {
    text += fmt::format(": {}, {} bytes so far", status.phase, status.bytes);
  }
  if (!status.error.empty()) {
    text += fmt::format("; WAITS: {}", status.error);
  }
  if (status.last_end_unix_seconds != 0) {
    text += fmt::format("; last pass ended {}, {} bytes in {} s, {} findings",
                        TimeText(status.last_end_unix_seconds), status.last_bytes,
                        status.last_seconds, status.last_findings);
  }
  return text;
}

Status RunScrub(const AdminSession& session, ScrubAction action) {
  ASSIGN_OR_RETURN(const ScrubStatus status, session.admin.Scrub(action));
  if (session.json) {
    OrderedJson document = {{"mode", session.access.mode()}};
    document.update(ToJson(status));
    PrintJsonLine(document);
    return OkStatus();
  }
  fmt::print("{}scrub     {}\n", ModeLine(session.access), ScrubText(status));
  fmt::print("interval  {}\n", status.interval_seconds == 0
                                   ? std::string("none: only by flatkv scrub start")
                                   : fmt::format("{} s", status.interval_seconds));
  fmt::print("rate      {}\n", status.bytes_per_second == 0
                                   ? std::string("unlimited")
                                   : fmt::format("{} bytes/s", status.bytes_per_second));
  for (const std::string& finding : status.findings) {
    fmt::print("DAMAGED   {}\n", finding);
  }
  return OkStatus();
}

}  // namespace flatkv::cli
