#include "cli/archive_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "cli/build_info.h"
#include "cli/errors.h"
#include "cli/export_progress.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "flatkv/archive/archive_export.h"
#include "flatkv/archive/archive_reader.h"
#include "flatkv/base/hex.h"
#include "flatkv/fs/posix_file_system.h"
#include "flatkv/store/store_import.h"

namespace flatkv::cli {
namespace {

constexpr size_t kThreadsMax = 8;
constexpr std::string_view kFileEnding = ".tar";

class WarningLogger final : public Logger {
 public:
  void Log(LogLevel level, std::string_view, std::string_view text) override {
    if (level == LogLevel::kWarning || level == LogLevel::kError) {
      fmt::print(stderr, "flatkv: {}: {}\n", level == LogLevel::kError ? "error" : "warning", text);
    }
  }
};

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string Rate(uint64_t bytes, double seconds) {
  return seconds <= 0
             ? ""
             : fmt::format(", {:.1f} MiB/s", static_cast<double>(bytes) / seconds / (1 << 20));
}

void PrintMode(const AdminSession& session) {
  if (!session.json) {
    fmt::print("{}", ModeLine(session.access));
    std::fflush(stdout);
  }
}

OrderedJson StateJson(const ArchiveState& state) {
  return {{"version", state.version},
          {"root", HexEncode(AsBytes(state.root))},
          {"suite", SuiteName(state.suite)}};
}

// The export whose archive is whole already.
Status ReportComplete(const AdminSession& session, const ExportCommand& command,
                      const ArchiveManifest& manifest) {
  if (command.at.value_or(manifest.state.version) != manifest.state.version) {
    return FailedPrecondition(
        fmt::format("export to {}: there is an archive of version {}: name another directory",
                    command.to, manifest.state.version));
  }
  if (session.json) {
    OrderedJson document = {{"mode", session.access.mode()}};
    document.update(StateJson(manifest.state));
    document.update({{"already_done", true}, {"path", command.to}});
    PrintJsonLine(document);
  } else {
    fmt::print(
        "{} holds the whole archive of version {}, root {}; flatkv archive verify checks it\n",
        command.to, manifest.state.version, HexEncode(AsBytes(manifest.state.root)));
  }
  return OkStatus();
}

StatusOr<ImportOptions> OptionsOf(const ImportCommand& command) {
  ImportOptions options;
  options.home = command.home;
  options.replace = command.replace;
  options.threads = command.threads;
  options.build = BuildVersion();
  if (!command.expect_root.empty()) {
    const StatusOr<std::string> bytes = HexDecode(command.expect_root);
    Digest root{};
    if (!bytes.ok() || bytes->size() != root.size()) {
      return InvalidArgument("--expect-root: a root is 64 hexadecimal digits");
    }
    bytes->copy(reinterpret_cast<char*>(root.data()), root.size());
    options.expect_root = root;
  }
  return options;
}

void PrintPlan(const ImportCommand& command, const ImportPlan& plan) {
  if (command.json) {
    OrderedJson document = StateJson(plan.state);
    document.update({{"chunks", plan.chunks},
                     {"rows", plan.rows},
                     {"bytes", plan.bytes},
                     {"file_bytes", plan.file_bytes},
                     {"replaces", plan.replaces},
                     {"replaced_store_id", plan.replaced_store_id},
                     {"resumes", plan.resumes},
                     {"steps", plan.steps}});
    PrintJsonLine({{"mode", "offline"}, {"plan", std::move(document)}});
    return;
  }
  fmt::print("offline: store in {}\nimport of version {}, root {}\n", command.home,
             plan.state.version, HexEncode(AsBytes(plan.state.root)));
  for (const std::string& step : plan.steps) {
    fmt::print("- {}\n", step);
  }
  std::fflush(stdout);
}

void PrintResult(std::string_view mode, bool json, std::string_view what,
                 const ImportResult& result) {
  if (json) {
    OrderedJson document = {{"mode", mode}};
    document.update(StateJson(result.state));
    document.update({{"store_id", result.store_id},
                     {"rows", result.rows},
                     {"bytes", result.bytes},
                     {"kept_rows", result.kept_rows},
                     {"quarantined", result.quarantined},
                     {"seconds", result.seconds}});
    PrintJsonLine(document);
    return;
  }
  fmt::print("{}: version {}, root {}: {} rows, {} bytes in {:.2f} s{}\n", what,
             result.state.version, HexEncode(AsBytes(result.state.root)), result.rows, result.bytes,
             result.seconds, Rate(result.bytes, result.seconds));
  if (!result.quarantined.empty()) {
    fmt::print("the store that was replaced is quarantine/{}; flatkv quarantine rm removes it\n",
               result.quarantined);
  }
}

}  // namespace

size_t DefaultArchiveThreads() {
  return std::clamp<size_t>(std::thread::hardware_concurrency(), 1, kThreadsMax);
}

Status RunExport(const AdminSession& session, const ExportCommand& command,
                 const std::function<bool()>& interrupted) {
  CatchInterrupts();
  PrintMode(session);
  const auto start = std::chrono::steady_clock::now();
  FileSystem& fs = PosixFileSystem();
  ASSIGN_OR_RETURN(const std::unique_ptr<ArchiveWriter> writer,
                   command.to.ends_with(kFileEnding) ? CreateArchiveFile(fs, command.to)
                                                     : OpenArchiveDirectory(fs, command.to));
  if (writer->complete().has_value()) {
    return ReportComplete(session, command, *writer->complete());
  }
  ArchiveExport target(*writer);
  RETURN_IF_ERROR(target.Find());
  ExportOptions options;
  options.at = command.at;
  options.threads = command.threads;
  if (target.found().has_value()) {
    options.after = target.position();
    options.at = command.at.value_or(target.found()->version);
  }
  ProgressSink sink("export", target, interrupted);
  const Status exported = session.admin.Export(options, sink).status();
  if (exported.code() == StatusCode::kCancelled) {
    return WithHint(exported, "what is written stays; the same command goes on with it");
  }
  RETURN_IF_ERROR(exported);
  RETURN_IF_ERROR(target.Finish());
  const ArchiveManifest& manifest = target.manifest();
  const double seconds = SecondsSince(start);
  if (session.json) {
    OrderedJson document = {{"mode", session.access.mode()}};
    document.update(StateJson(manifest.state));
    document.update({{"already_done", false},
                     {"path", command.to},
                     {"chunks", manifest.chunks.size()},
                     {"kept_chunks", options.after.chunks},
                     {"rows", manifest.TotalRows()},
                     {"bytes", manifest.TotalBytes()},
                     {"file_bytes", manifest.FileBytes()},
                     {"seconds", seconds}});
    PrintJsonLine(document);
  } else {
    fmt::print(
        "exported version {}, root {}, to {}: {} rows, {} bytes in {} chunks of {} bytes, "
        "{:.2f} s{}\n",
        manifest.state.version, HexEncode(AsBytes(manifest.state.root)), command.to,
        manifest.TotalRows(), manifest.TotalBytes(), manifest.chunks.size(), manifest.FileBytes(),
        seconds, Rate(sink.done().bytes, seconds));
  }
  return OkStatus();
}

Status RunImport(const ImportCommand& command, Person& person,
                 const std::function<bool()>& interrupted) {
  ASSIGN_OR_RETURN(const ImportOptions options, OptionsOf(command));
  FileSystem& fs = PosixFileSystem();
  ASSIGN_OR_RETURN(const ImportPlan plan, PlanImport(fs, command.from, options));
  PrintPlan(command, plan);
  if (command.confirm.dry_run) {
    return OkStatus();
  }
  if (plan.replaces) {
    if (!command.replace) {
      return WithHint(WithReason(FailedPrecondition(fmt::format(
                                     "{}: there is a store; nothing was changed", command.home)),
                                 Reason::kConfirmationNeeded),
                      fmt::format("to set it aside: {} --replace --yes", command.confirm.command));
    }
    RETURN_IF_ERROR(Confirm(command.confirm, "replace", person));
  }
  CatchInterrupts();
  WarningLogger logger;
  ExportProgress progress("import");
  progress.SetTotal(plan.rows, plan.bytes);
  const StatusOr<ImportResult> result =
      ImportArchive(fs, logger, command.from, options, [&](const ArchiveProgress& done) {
        progress.Show(done);
        return !interrupted();
      });
  if (ReasonOf(result.status()) == Reason::kLocked) {
    return WithHint(result.status(), "stop the daemon that has the store open, then repeat it");
  }
  if (result.status().code() == StatusCode::kCancelled) {
    return WithHint(result.status(), "what is written stays; the same command goes on with it");
  }
  RETURN_IF_ERROR(result.status());
  PrintResult("offline", command.json, "imported", *result);
  return OkStatus();
}

Status RunArchiveVerify(const ArchiveVerifyCommand& command,
                        const std::function<bool()>& interrupted) {
  CatchInterrupts();
  const auto start = std::chrono::steady_clock::now();
  ExportProgress progress("archive verify");
  ASSIGN_OR_RETURN(const ArchiveReport report,
                   VerifyArchive(PosixFileSystem(), command.path, command.threads,
                                 [&](const ArchiveProgress& done) {
                                   progress.Show(done);
                                   return !interrupted();
                                 }));
  const double seconds = SecondsSince(start);
  if (command.json) {
    OrderedJson document = {{"ok", report.findings.empty()}};
    if (report.manifest.has_value()) {
      document.update(StateJson(report.manifest->state));
    }
    document.update({{"findings", report.findings},
                     {"chunks", report.done.chunks},
                     {"rows", report.done.rows},
                     {"bytes", report.done.bytes},
                     {"file_bytes", report.file_bytes},
                     {"seconds", seconds}});
    PrintJsonLine(document);
  } else {
    for (const std::string& finding : report.findings) {
      fmt::print("{}\n", finding);
    }
    if (report.findings.empty()) {
      fmt::print("ok: version {}, root {}: {} chunks, {} rows, {} bytes, {:.2f} s\n",
                 report.manifest->state.version, HexEncode(AsBytes(report.manifest->state.root)),
                 report.done.chunks, report.done.rows, report.done.bytes, seconds);
    }
    std::fflush(stdout);
  }
  return report.findings.empty()
             ? OkStatus()
             : WithHint(WithReason(DataLoss(fmt::format("{}: {} damaged", command.path,
                                                        report.findings.size())),
                                   Reason::kArchiveCorrupt),
                        "copy the damaged chunks again, or remove them and repeat flatkv export");
}

Status RunCompactTo(const AdminSession& session, const CopyCommand& command,
                    const std::function<bool()>& interrupted) {
  CatchInterrupts();
  PrintMode(session);
  ImportOptions options;
  options.home = command.to;
  options.threads = command.threads;
  options.build = BuildVersion();
  WarningLogger logger;
  ASSIGN_OR_RETURN(const std::unique_ptr<StoreCopy> copy,
                   StoreCopy::Create(PosixFileSystem(), logger, options, nullptr));
  ExportOptions exported;
  exported.at = command.at;
  exported.threads = command.threads;
  ProgressSink sink("compact", *copy, interrupted);
  RETURN_IF_ERROR(session.admin.Export(exported, sink).status());
  ASSIGN_OR_RETURN(const ImportResult result, copy->Finish());
  PrintResult(session.access.mode(), session.json, fmt::format("compacted to {}", command.to),
              result);
  return OkStatus();
}

}  // namespace flatkv::cli
