#include "cli/sei_commands.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <string_view>

#include "cli/errors.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/status_line.h"
#include "flatkv/archive/archive_writer.h"
#include "flatkv/base/hex.h"
#include "flatkv/fs/posix_file_system.h"
#include "flatkv/sei/sei_stream.h"

namespace flatkv::cli {
namespace {

constexpr std::string_view kStreamFileEnding = ".zlib";
constexpr std::string_view kArchiveFileEnding = ".tar";

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

OrderedJson StateJson(const ArchiveState& state) {
  return {{"version", state.version},
          {"root", HexEncode(AsBytes(state.root))},
          {"suite", SuiteName(state.suite)}};
}

StatusOr<FromSeiOptions> OptionsOf(const FromSeiCommand& command) {
  FromSeiOptions options;
  options.from = command.from;
  options.version = command.version;
  options.initial_version = command.initial_version;
  options.threads = command.threads;
  options.open_target = [to = command.to] {
    FileSystem& fs = PosixFileSystem();
    return to.ends_with(kArchiveFileEnding) ? CreateArchiveFile(fs, to)
                                            : OpenArchiveDirectory(fs, to);
  };
  if (!command.expect_root.empty()) {
    const StatusOr<std::string> bytes = HexDecode(command.expect_root);
    Digest root{};
    if (!bytes.ok() || bytes->size() != root.size()) {
      return InvalidArgument("--expect-root: a root is 64 hexadecimal digits");
    }
    bytes->copy(reinterpret_cast<char*>(root.data()), root.size());
    options.expected_root = root;
  }
  return options;
}

// What helps where the status alone does not tell.
Status WithSeiHint(const Status& status) {
  if (status.code() == StatusCode::kCancelled) {
    return WithHint(status, "nothing but what the target holds was written; repeat the command");
  }
  if (status.code() == StatusCode::kNotFound) {
    return WithHint(status,
                    "name what holds the part files 0, 1, 2 ... of a snapshot that has FlatKV's "
                    "store, or such a stream in one file");
  }
  switch (ReasonOf(status)) {
    case Reason::kArchiveCorrupt:
      return WithHint(status,
                      "fetch the part files of the snapshot again, or those of another height");
    case Reason::kRootMismatch:
      return WithHint(status,
                      "no archive was written; another node's root at this height tells which of "
                      "the two is wrong");
    default:
      return status;
  }
}

void PrintOthers(const SeiOthers& others) {
  if (others.stores.empty() && others.extension_items == 0) {
    return;
  }
  uint64_t nodes = 0;
  for (const auto& [name, count] : others.stores) {
    nodes += count;
  }
  fmt::print("passed over: {} other stores with {} nodes, {} items of extensions\n",
             others.stores.size(), nodes, others.extension_items);
}

void PrintReceived(const FromSeiCommand& command, const FromSeiReport& report, double seconds) {
  const ArchiveManifest& manifest = report.manifest;
  if (command.json) {
    OrderedJson document = StateJson(manifest.state);
    OrderedJson stores = OrderedJson::object();
    for (const auto& [name, nodes] : report.others.stores) {
      stores[name] = nodes;
    }
    document.update({{"path", command.to},
                     {"chunks", manifest.chunks.size()},
                     {"rows", manifest.TotalRows()},
                     {"bytes", manifest.TotalBytes()},
                     {"file_bytes", manifest.FileBytes()},
                     {"other_stores", std::move(stores)},
                     {"extension_items", report.others.extension_items},
                     {"seconds", seconds}});
    PrintJsonLine(document);
    return;
  }
  PrintOthers(report.others);
  fmt::print(
      "wrote the archive {} of version {}, root {}: {} rows, {} bytes in {} chunks, "
      "{:.2f} s\n",
      command.to, manifest.state.version, HexEncode(AsBytes(manifest.state.root)),
      manifest.TotalRows(), manifest.TotalBytes(), manifest.chunks.size(), seconds);
  if (command.expect_root.empty()) {
    fmt::print("the root was not compared: do so, or import with --expect-root\n");
  }
}

}  // namespace

Status RunToSei(const ToSeiCommand& command, const std::function<bool()>& interrupted) {
  CatchInterrupts();
  const auto start = std::chrono::steady_clock::now();
  const ToSeiOptions options{.from = command.from,
                             .to = command.to,
                             .one_file = command.to.ends_with(kStreamFileEnding),
                             .threads = command.threads};
  StatusOr<ToSeiReport> report;
  {
    StatusLine line;
    report = ArchiveToSei(PosixFileSystem(), options, [&](const SeiProgress& progress) {
      line.Show(ProgressText("to-sei", progress.phase, progress.done, progress.total));
      return !interrupted();
    });
  }
  if (report.status().code() == StatusCode::kCancelled) {
    return WithHint(report.status(), "nothing is left of it; the same command starts again");
  }
  RETURN_IF_ERROR(report.status());
  const double seconds = SecondsSince(start);
  if (command.json) {
    OrderedJson document = StateJson(report->state);
    document.update({{"path", command.to},
                     {"rows", report->rows},
                     {"stream_bytes", report->stream_bytes},
                     {"parts", report->parts},
                     {"seconds", seconds}});
    PrintJsonLine(document);
  } else {
    fmt::print("wrote version {}, root {}, to {}: {} rows, {} bytes in {} part files, {:.2f} s\n",
               report->state.version, HexEncode(AsBytes(report->state.root)), command.to,
               report->rows, report->stream_bytes, report->parts, seconds);
  }
  return OkStatus();
}

Status RunFromSei(const FromSeiCommand& command, const std::function<bool()>& interrupted) {
  CatchInterrupts();
  const auto start = std::chrono::steady_clock::now();
  ASSIGN_OR_RETURN(const FromSeiOptions options, OptionsOf(command));
  StatusOr<FromSeiReport> report;
  {
    StatusLine line;
    report = SeiToArchive(PosixFileSystem(), options, [&](const SeiProgress& progress) {
      line.Show(ProgressText("from-sei", progress.phase, progress.done, progress.total));
      return !interrupted();
    });
  }
  if (!report.ok()) {
    return WithSeiHint(report.status());
  }
  PrintReceived(command, *report, SecondsSince(start));
  return OkStatus();
}

}  // namespace flatkv::cli
