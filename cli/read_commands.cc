#include "cli/read_commands.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/errors.h"
#include "cli/output.h"
#include "flatkv/base/hex.h"

namespace flatkv::cli {
namespace {

std::string Hex(const Digest& digest) { return HexEncode(AsBytes(digest)); }

StatusOr<std::string> DecodeArgument(std::string_view name, std::string_view hex) {
  StatusOr<std::string> bytes = HexDecode(hex);
  if (!bytes.ok()) {
    return Annotate(bytes.status(), name);
  }
  return bytes;
}

OrderedJson StatusJson(const StoreAccess& access, const StatusReport& report) {
  const StoreInfo& info = report.info;
  OrderedJson document;
  document["mode"] = access.mode();
  document[access.mode() == "online" ? "address" : "home"] = access.where();
  document["version"] = info.version;
  document["root"] = Hex(info.root);
  document["suite"] = SuiteName(info.suite);
  document["store_id"] = info.store_id;
  document["initial_version"] = info.initial_version;
  document["oldest_version"] = info.oldest_version;
  document["pending_version"] = info.pending_version;
  document["wal_sync"] = report.wal_sync;
  document["poisoned"] = info.poisoned;
  document["poison_reason"] = info.poison_reason;
  document["build"] = report.build;
  for (size_t i = 0; i < kDataDbs; ++i) {
    document["data_dbs"][std::string(kDataDbNames[i])] = {{"rows", info.dbs[i].rows},
                                                          {"bytes", info.dbs[i].bytes},
                                                          {"checksum", Hex(info.dbs[i].checksum)}};
  }
  if (report.recovery.has_value()) {
    const RecoveryInfo& recovery = *report.recovery;
    document["recovery"] = {{"replayed_from", recovery.replayed_from},
                            {"replayed_to", recovery.replayed_to},
                            {"torn_bytes", recovery.torn_bytes},
                            {"torn_file", recovery.torn_file},
                            {"seconds", recovery.seconds}};
  }
  return document;
}

std::string RecoveryText(const RecoveryInfo& recovery) {
  std::string text =
      recovery.replayed_from == 0
          ? "nothing to replay"
          : fmt::format("replayed versions {} to {} in {:.2f} s", recovery.replayed_from,
                        recovery.replayed_to, recovery.seconds);
  if (recovery.torn_bytes != 0) {
    text += fmt::format("; cut {} bytes of an unacknowledged record from {}", recovery.torn_bytes,
                        recovery.torn_file);
  }
  return text;
}

void PrintDataDbs(const StoreInfo& info) {
  fmt::print("{:<8} {:>12} {:>15}  {}\n", "data DB", "rows", "bytes", "checksum");
  for (size_t i = 0; i < kDataDbs; ++i) {
    const DataDbSummary& db = info.dbs[i];
    fmt::print("{:<8} {:>12} {:>15}  {}\n", kDataDbNames[i], db.rows, db.bytes, Hex(db.checksum));
  }
}

}  // namespace

Status RunStatus(StoreAccess& access, bool json) {
  ASSIGN_OR_RETURN(const StatusReport report, access.Report());
  if (json) {
    PrintJsonLine(StatusJson(access, report));
    return OkStatus();
  }
  const StoreInfo& info = report.info;
  fmt::print("{}", ModeLine(access));
  fmt::print("version   {}\n", info.version);
  fmt::print("root      {}\n", Hex(info.root));
  fmt::print("suite     {}\n", SuiteName(info.suite));
  fmt::print("store id  {}\n", info.store_id);
  fmt::print(
      "versions  from {} (initial); roots {}\n", info.initial_version,
      info.oldest_version == 0 ? "of none yet" : fmt::format("from {} on", info.oldest_version));
  fmt::print("pending   {}\n", info.pending_version == 0
                                   ? "nothing"
                                   : fmt::format("changes of version {}", info.pending_version));
  fmt::print("wal.sync  {}\n", report.wal_sync);
  fmt::print("health    {}\n", info.poisoned ? "POISONED: " + info.poison_reason : "ok");
  fmt::print("build     {}\n", report.build);
  if (report.recovery.has_value()) {
    fmt::print("recovery  {}\n", RecoveryText(*report.recovery));
  }
  PrintDataDbs(info);
  return OkStatus();
}

Status RunRoot(StoreAccess& access, std::optional<Version> at, bool json) {
  const StatusOr<VersionRoot> root = access.Root(at);
  if (!root.ok()) {
    return root.status().code() == StatusCode::kOutOfRange
               ? WithHint(root.status(), "flatkv status shows the versions that have a root")
               : root.status();
  }
  if (json) {
    PrintJsonLine({{"mode", access.mode()}, {"version", root->version}, {"root", Hex(root->root)}});
  } else {
    fmt::print("{}version  {}\nroot     {}\n", ModeLine(access), root->version, Hex(root->root));
  }
  return OkStatus();
}

Status RunGet(StoreAccess& access, const GetOptions& options, bool json) {
  ASSIGN_OR_RETURN(const std::string key, DecodeArgument("KEYHEX", options.key_hex));
  ASSIGN_OR_RETURN(const GetAnswer answer, access.Get(options.module, key));
  if (!answer.value.has_value()) {
    return NotFound(fmt::format("module {}, key {}: no value at version {}", options.module,
                                HexEncode(key), answer.version));
  }
  if (options.raw) {
    std::fwrite(answer.value->data(), 1, answer.value->size(), stdout);
  } else if (json) {
    PrintJsonLine({{"mode", access.mode()},
                   {"version", answer.version},
                   {"module", options.module},
                   {"key", HexEncode(key)},
                   {"value", HexEncode(*answer.value)}});
  } else {
    fmt::print("{}version  {}\nvalue    {}\n", ModeLine(access), answer.version,
               HexEncode(*answer.value));
  }
  return OkStatus();
}

Status RunIterate(StoreAccess& access, const IterateOptions& options, bool json) {
  IterateQuery query;
  query.module = options.module;
  query.reverse = options.reverse;
  query.limit = options.limit;
  ASSIGN_OR_RETURN(query.start, DecodeArgument("--start", options.start_hex));
  if (options.end_hex.has_value()) {
    ASSIGN_OR_RETURN(query.end, DecodeArgument("--end", *options.end_hex));
  }
  if (!json) {
    fmt::print("{}", ModeLine(access));
  }
  uint64_t pairs = 0;
  ASSIGN_OR_RETURN(const Version version, access.Iterate(query, [&](std::string_view key,
                                                                    std::string_view value) {
    ++pairs;
    if (json) {
      fmt::print("{{\"key\":\"{}\",\"value\":\"{}\"}}\n", HexEncode(key), HexEncode(value));
    } else {
      fmt::print("{} {}\n", HexEncode(key), HexEncode(value));
    }
    return OkStatus();
  }));
  if (json) {
    PrintJsonLine({{"mode", access.mode()}, {"version", version}, {"pairs", pairs}});
  } else {
    fmt::print("{} pairs at version {}\n", pairs, version);
  }
  return OkStatus();
}

Status RunVerify(StoreAccess& access, bool json) {
  if (access.mode() == "online") {
    return WithHint(InvalidArgument("verify works offline: it needs --home"),
                    "stop the daemon, then: flatkv verify --home DIR");
  }
  ASSIGN_OR_RETURN(const StatusReport report, access.Report());
  RETURN_IF_ERROR(access.VerifyRows());
  if (json) {
    OrderedJson document = StatusJson(access, report);
    document["ok"] = true;
    PrintJsonLine(document);
    return OkStatus();
  }
  fmt::print("{}version  {}\nroot     {}\n", ModeLine(access), report.info.version,
             Hex(report.info.root));
  PrintDataDbs(report.info);
  fmt::print("ok: every hash, row count and byte count was recomputed from the rows and agrees\n");
  return OkStatus();
}

}  // namespace flatkv::cli
