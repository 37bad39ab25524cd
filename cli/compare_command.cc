#include "cli/compare_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>

#include "cli/archive_commands.h"
#include "cli/errors.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/row_text.h"
#include "cli/state_client.h"
#include "cli/status_line.h"
#include "config/listen_address.h"
#include "flatkv/base/hex.h"
#include "flatkv/codec/keys.h"
#include "flatkv/fs/posix_file_system.h"
#include "flatkv/store/archive_source.h"
#include "flatkv/store/compare.h"

namespace flatkv::cli {
namespace {

std::string Hex(const Digest& digest) { return HexEncode(AsBytes(digest)); }

std::string RetainedText(const VersionRanges& ranges) {
  return ranges.oldest_retained == 0
             ? std::string("nothing")
             : fmt::format("versions {} to {}", ranges.oldest_retained, ranges.head);
}

// The version to compare at.
StatusOr<Version> ChooseVersion(const CompareParties& parties, std::optional<Version> at) {
  ASSIGN_OR_RETURN(const VersionRanges here, parties.here.Ranges());
  ASSIGN_OR_RETURN(const VersionRanges there, parties.there.Ranges());
  const Version version = at.value_or(std::min(here.head, there.head));
  for (const VersionRanges* side : {&here, &there}) {
    if (side->oldest_retained == 0 || version < side->oldest_retained || version > side->head) {
      const Status missing = WithReason(
          OutOfRange(fmt::format("version {} is not retained by both: this side retains {}, {} {}",
                                 version, RetainedText(here), parties.there_name,
                                 RetainedText(there))),
          version > side->head ? Reason::kVersionAboveHead : Reason::kVersionUnreachable);
      return parties.hint.empty() ? missing
                                  : WithHint(missing, parties.hint + " needs only the hash logs");
    }
  }
  return version;
}

std::string_view KindOfDifference(const RowDifference& row) {
  return !row.here.has_value()    ? "missing here"
         : !row.there.has_value() ? "missing there"
                                  : "differs";
}

void PrintDifference(const RowDifference& row, bool json) {
  const std::string_view module = ModuleOf(row.key);
  const std::string key = HexEncode(KeyInModule(row.key));
  if (json) {
    PrintJsonLine({{"data_db", NameOf(row.db)},
                   {"module", module},
                   {"key", key},
                   {"difference", KindOfDifference(row)},
                   {"here", StoredJson(row.here)},
                   {"there", StoredJson(row.there)}});
    return;
  }
  fmt::print("{} {} {}: {}\n  here   {}\n  there  {}\n", NameOf(row.db), module, key,
             KindOfDifference(row), StoredText(row.here), StoredText(row.there));
  std::fflush(stdout);
}

void PrintReport(const CompareParties& parties, const CompareReport& report,
                 const SideTraffic& traffic) {
  const bool is_same = report.here.sums == report.there.sums ||
                       (report.kind == DigestKind::kSha256 && report.differing_rows == 0);
  if (parties.json) {
    PrintJsonLine({{"mode", parties.mode},
                   {"with", parties.there_name},
                   {"version", report.here.version},
                   {"same", is_same},
                   {"here",
                    {{"root", Hex(report.here.root)},
                     {"suite", SuiteName(report.here.suite)},
                     {"store_id", report.here.store_id}}},
                   {"there",
                    {{"root", Hex(report.there.root)},
                     {"suite", SuiteName(report.there.suite)},
                     {"store_id", report.there.store_id}}},
                   {"digests", report.kind == DigestKind::kLtHash ? "lthash" : "sha256"},
                   {"differing_rows", report.differing_rows},
                   {"complete", report.is_complete},
                   {"rows_digested", report.rows_digested},
                   {"round_trips", traffic.round_trips},
                   {"sent_bytes", traffic.sent_bytes},
                   {"received_bytes", traffic.received_bytes}});
    return;
  }
  if (report.kind == DigestKind::kSha256) {
    fmt::print("suites    {} here, {} there: the roots say nothing, so every row was read\n",
               SuiteName(report.here.suite), SuiteName(report.there.suite));
  }
  fmt::print("version   {}\nroot      {} here\n          {} there\n", report.here.version,
             Hex(report.here.root), Hex(report.there.root));
  fmt::print("result    {}\n",
             is_same ? "the states are the same"
                     : fmt::format("{}{} rows differ", report.is_complete ? "" : "at least ",
                                   report.differing_rows));
  if (traffic.round_trips > 0) {
    fmt::print("peer      {} round trips, {} bytes sent, {} received\n", traffic.round_trips,
               traffic.sent_bytes, traffic.received_bytes);
  }
  fmt::print("digested  {} rows\n", report.rows_digested);
  std::fflush(stdout);
}

}  // namespace

StatusOr<std::string> PeerAddress(const std::string& text) {
  const StatusOr<ListenAddress> address = ParseListenAddress(text);
  return address.ok() ? StatusOr<std::string>(ToString(*address))
                      : StatusOr<std::string>(Annotate(address.status(), "--peer"));
}

Status RunCompareWith(const CompareParties& parties, const CompareCommandOptions& options,
                      const std::function<bool()>& interrupted) {
  ASSIGN_OR_RETURN(const Version version, ChooseVersion(parties, options.at));
  const GoOn go_on = [&interrupted] { return !interrupted(); };
  ASSIGN_OR_RETURN(const std::unique_ptr<CompareSide> here, parties.here.SideAt(version, go_on));
  ASSIGN_OR_RETURN(const std::unique_ptr<CompareSide> there, parties.there.SideAt(version, go_on));
  if (!parties.json) {
    fmt::print("{}", parties.mode_line);
    std::fflush(stdout);
  }
  StatusLine line;
  CompareOptions compare;
  compare.rows_max = options.rows_max;
  CompareCallbacks callbacks;
  callbacks.on_difference = [&](const RowDifference& row) {
    PrintDifference(row, parties.json);
    return OkStatus();
  };
  callbacks.on_progress = [&](const CompareProgress& progress) {
    line.Show(fmt::format("compare: {} {}, {} rows; {} differ so far", NameOf(progress.db),
                          progress.module, progress.rows, progress.found));
    return !interrupted();
  };
  const StatusOr<CompareReport> report = CompareStates(*here, *there, compare, callbacks);
  if (!report.ok()) {
    return report.status();
  }
  PrintReport(parties, *report, there->traffic());
  if (report->differing_rows == 0) {
    return OkStatus();
  }
  const Status differ = AlreadyExists(fmt::format("the states of version {} differ", version));
  std::string hint = report->is_complete ? "" : "--limit 0 shows all";
  if (!parties.hint.empty()) {
    hint += fmt::format("{}{} tells the version in which they parted", hint.empty() ? "" : "; ",
                        parties.hint);
  }
  return hint.empty() ? differ : WithHint(differ, hint);
}

Status RunCompare(const StateSession& session, const CompareCommandOptions& options,
                  const std::function<bool()>& interrupted) {
  CatchInterrupts();
  const std::string mode(session.access.mode());
  if (!options.archive.empty()) {
    ASSIGN_OR_RETURN(
        const std::unique_ptr<StateSource> archive,
        OpenArchiveSource(PosixFileSystem(), options.archive, DefaultArchiveThreads()));
    return RunCompareWith({session.state, *archive, mode, ModeLine(session.access),
                           fmt::format("the archive {}", options.archive), "", session.json},
                          options, interrupted);
  }
  const std::unique_ptr<StateReader> peer = NewStateClient(options.peer);
  return RunCompareWith({session.state, *peer, mode, ModeLine(session.access),
                         fmt::format("the peer at {}", options.peer.address),
                         "flatkv hashlog compare --peer ADDR", session.json},
                        options, interrupted);
}

Status RunCompareArchives(const std::string& here, const std::string& there, bool json,
                          const CompareCommandOptions& options,
                          const std::function<bool()>& interrupted) {
  CatchInterrupts();
  ASSIGN_OR_RETURN(const std::unique_ptr<StateSource> first,
                   OpenArchiveSource(PosixFileSystem(), here, DefaultArchiveThreads()));
  ASSIGN_OR_RETURN(const std::unique_ptr<StateSource> second,
                   OpenArchiveSource(PosixFileSystem(), there, DefaultArchiveThreads()));
  return RunCompareWith(
      {*first, *second, "archive", "", fmt::format("the archive {}", there), "", json}, options,
      interrupted);
}

}  // namespace flatkv::cli
