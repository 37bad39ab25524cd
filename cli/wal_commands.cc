#include "cli/wal_commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/block_writer.h"
#include "cli/errors.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/status_line.h"
#include "flatkv/base/hex.h"
#include "flatkv/codec/changelog_entry.h"
#include "flatkv/fs/path.h"
#include "flatkv/wal/wal_inspect.h"

namespace flatkv::cli {
namespace {

std::string ModeText(const std::string& changelog) {
  return fmt::format("offline: changelog in {}, only read\n", changelog);
}

OrderedJson SegmentJson(const WalSegmentSummary& segment) {
  return {{"file", BaseName(segment.path)},
          {"first", segment.first},
          {"last", segment.last},
          {"bytes", segment.size_bytes},
          {"sealed", segment.state == WalSegmentState::kSealed},
          {"state", WalSegmentStateName(segment.state)},
          {"unfinished_bytes", segment.unfinished_bytes},
          {"damaged_seals", segment.damaged_seals}};
}

OrderedJson InspectionJson(const WalInspection& inspection) {
  OrderedJson document = {{"mode", "offline"},
                          {"ok", !inspection.defect.has_value()},
                          {"first", inspection.first_version()},
                          {"last", inspection.last_version()},
                          {"bytes", inspection.size_bytes()},
                          {"records_read", inspection.records_read}};
  document["cut_to"] =
      inspection.cut_target.has_value() ? OrderedJson(*inspection.cut_target) : OrderedJson();
  document["defect"] = OrderedJson();
  if (inspection.defect.has_value()) {
    document["defect"] = {{"file", inspection.defect->path},
                          {"offset", inspection.defect->offset},
                          {"version", inspection.defect->version},
                          {"cause", inspection.defect->cause}};
  }
  return document;
}

void PrintSummary(const WalInspection& inspection) {
  fmt::print("versions  {}\n",
             inspection.last_version() == 0
                 ? "none"
                 : fmt::format("{} to {}", inspection.first_version(), inspection.last_version()));
  fmt::print("bytes     {} in {} segments\n", inspection.size_bytes(), inspection.segments.size());
  if (inspection.cut_target.has_value()) {
    fmt::print("cut       above version {}: under way, or finished by the next open\n",
               *inspection.cut_target);
  }
}

// The damage as the command's error; it is the thing looked at, so what helps is another.
Status ErrorOf(const WalInspection& inspection) {
  if (!inspection.defect.has_value()) {
    return OkStatus();
  }
  return WithHint(ToStatus(*inspection.defect),
                  "flatkv snapshot list shows what can be restored from; flatkv wal dump --to V "
                  "reads what is before the damage");
}

}  // namespace

std::string ChangelogOf(const std::string& store_directory) {
  return JoinPath(store_directory, "changelog");
}

Status RunWalInfo(FileSystem& fs, const std::string& changelog, bool json) {
  ASSIGN_OR_RETURN(const WalInspection inspection,
                   InspectWal(fs, changelog, WalInspectDepth::kOutline));
  if (json) {
    OrderedJson document = InspectionJson(inspection);
    document["segments"] = OrderedJson::array();
    for (const WalSegmentSummary& segment : inspection.segments) {
      document["segments"].push_back(SegmentJson(segment));
    }
    PrintJsonLine(document);
    return ErrorOf(inspection);
  }
  fmt::print("{}", ModeText(changelog));
  PrintSummary(inspection);
  fmt::print("{:>12}  {:>12}  {:>15}  {}\n", "first", "last", "bytes", "state");
  for (const WalSegmentSummary& segment : inspection.segments) {
    fmt::print("{:>12}  {:>12}  {:>15}  {}", segment.first, segment.last, segment.size_bytes,
               WalSegmentStateName(segment.state));
    if (segment.unfinished_bytes != 0) {
      fmt::print(", {} bytes behind the last whole record", segment.unfinished_bytes);
    }
    fmt::print("\n");
  }
  return ErrorOf(inspection);
}

Status RunWalDump(FileSystem& fs, const std::string& changelog, const WalDumpOptions& options,
                  bool json) {
  if (!json && !options.pairs) {
    fmt::print("{}", ModeText(changelog));
  }
  const Version from = options.from.value_or(1);
  const Version to = options.to.value_or(INT64_MAX);
  uint64_t versions = 0;
  const Status walked = WalkWal(
      fs, changelog, from, to, [&](const WalRecordInfo& info, std::string_view payload) -> Status {
        ++versions;
        const StatusOr<ChangelogEntryView> entry = DecodeChangelogEntry(payload);
        if (!entry.ok()) {
          return WithReason(
              Annotate(entry.status(), fmt::format("changelog version {}", info.version)),
              Reason::kChangelogCorrupt);
        }
        if (options.pairs) {
          ASSIGN_OR_RETURN(const std::string line, RenderBlockLine(info.version, entry->changes));
          fmt::print("{}\n", line);
          return OkStatus();
        }
        size_t pairs = 0;
        for (const NamedChangeSet& change_set : entry->changes) {
          pairs += change_set.pairs.size();
        }
        const std::string root = HexEncode(AsBytes(info.root));
        const std::string digest = HexEncode(AsBytes(info.content_digest));
        if (json) {
          PrintJsonLine({{"version", info.version},
                         {"root", root},
                         {"content_digest", digest},
                         {"pairs", pairs},
                         {"bytes", info.payload_bytes}});
        } else {
          fmt::print("version {:>8}  root {}  content {}  {} pairs  {} bytes\n", info.version, root,
                     digest, pairs, info.payload_bytes);
        }
        return OkStatus();
      });
  RETURN_IF_ERROR(walked);
  if (versions == 0) {
    return WithHint(
        OutOfRange(fmt::format("changelog {}: it holds none of the versions asked for", changelog)),
        "flatkv wal info shows which it holds");
  }
  return OkStatus();
}

Status RunWalVerify(FileSystem& fs, const std::string& changelog, bool json,
                    const std::function<bool()>& interrupted) {
  CatchInterrupts();
  StatusOr<WalInspection> result = Unimplemented("");
  {
    StatusLine line;
    result =
        InspectWal(fs, changelog, WalInspectDepth::kRecords, [&](uint64_t done, uint64_t total) {
          line.Show(ProgressText("wal verify", "bytes", done, total));
          return !interrupted();
        });
  }
  ASSIGN_OR_RETURN(const WalInspection inspection, std::move(result));
  if (json) {
    PrintJsonLine(InspectionJson(inspection));
    return ErrorOf(inspection);
  }
  fmt::print("{}", ModeText(changelog));
  PrintSummary(inspection);
  if (!inspection.defect.has_value()) {
    fmt::print("ok: {} records, every checksum, digest and link of the chain agrees\n",
               inspection.records_read);
    const auto unfinished = std::find_if(
        inspection.segments.begin(), inspection.segments.end(),
        [](const WalSegmentSummary& s) { return s.state == WalSegmentState::kInProgress; });
    if (unfinished != inspection.segments.end()) {
      fmt::print("in progress: {} bytes behind the last whole record of {}\n",
                 unfinished->unfinished_bytes, unfinished->path);
    }
  }
  return ErrorOf(inspection);
}

}  // namespace flatkv::cli
