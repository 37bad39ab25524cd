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

}  // namespace

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
  ASSIGN_OR_RETURN(const GetAnswer answer, access.Get(options.module, key, options.at));
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
  query.at = options.at;
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

}  // namespace flatkv::cli
