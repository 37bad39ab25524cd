// status, root, get, iterate.
#include <memory>

#include "cli/command_set.h"
#include "cli/read_commands.h"
#include "cli/status_command.h"

namespace flatkv::cli {
namespace {

void RegisterGet(CommandSet& commands) {
  const auto options = std::make_shared<GetOptions>();
  CLI::App* get = commands.AddOnStore(
      nullptr, "get", "One value at the head or at a version; exit code 4 when the key is absent",
      "Examples:\n  flatkv get bank 0214d8da6bf26964af9d7eed9e03e53415d37aa96045776569\n"
      "  flatkv get evm 0ad8da6bf26964af9d7eed9e03e53415d37aa96045 --at 1200 --json\n"
      "JSON: {mode, version, module, key, value}",
      IfMissing::kFail, [&commands, options](StoreAccess& access) {
        return RunGet(access, *options, commands.json());
      });
  get->add_option("module", options->module, "Module name, such as evm")->required();
  get->add_option("key", options->key_hex, "Key, hexadecimal")->required()->type_name("KEYHEX");
  get->add_flag("--raw", options->raw, "Write the value's bytes and nothing else");
  get->add_option("--at", options->at, "Version [the head]")
      ->type_name("V")
      ->check(CLI::PositiveNumber);
}

void RegisterIterate(CommandSet& commands) {
  const auto options = std::make_shared<IterateOptions>();
  CLI::App* iterate = commands.AddOnStore(
      nullptr, "iterate", "A module's pairs in key order at the head or at a version",
      "Examples:\n  flatkv iterate bank --limit 10 --at 1200\n  flatkv iterate evm --start 03 "
      "--end 04 --reverse --json\n"
      "JSON: a line {key, value} for each pair, then {mode, version, pairs}",
      IfMissing::kFail, [&commands, options](StoreAccess& access) {
        return RunIterate(access, *options, commands.json());
      });
  iterate->add_option("module", options->module, "Module name, such as bank")->required();
  iterate->add_option("--start", options->start_hex, "First key")->type_name("HEX");
  iterate->add_option("--end", options->end_hex, "Key to stop before")->type_name("HEX");
  iterate->add_flag("--reverse", options->reverse, "From the highest key down");
  iterate->add_option("--limit", options->limit, "At most N pairs; 0: all [0]")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  iterate->add_option("--at", options->at, "Version [the head]")
      ->type_name("V")
      ->check(CLI::PositiveNumber);
}

}  // namespace

void RegisterReads(CommandSet& commands) {
  commands.AddOnStore(
      nullptr, "status", "What the store holds and retains, and how it is",
      "Examples:\n  flatkv status\n  flatkv status --home /var/lib/flatkv --json\n"
      "JSON: {mode, address or home, version, root, suite, store_id, initial_version, "
      "oldest_version,\n"
      "pending_version, wal_sync, poisoned, poison_reason, corrupt, corrupt_reason, build,\n"
      "backlog: {versions, overlay_bytes, level0_tables, compaction_debt_bytes}, disk_free_bytes,\n"
      "data_dbs: {account: {rows, bytes, checksum} ...}, recovery (offline), retention: "
      "{oldest_retained, oldest_undo, current, "
      "snapshots,\n"
      "snapshot_bytes, undo_bytes, pins, open_views, quarantine_entries, quarantine_bytes,\n"
      "on_dirty_store, activity: {policy, running, last_version, last_seconds, taken, failed,\n"
      "last_error}}, or null and retention_error when the admin listener does not answer, scrub: "
      "as\n"
      "flatkv scrub status}.\n"
      "Offline the policy is manual: a command takes no snapshot by itself",
      IfMissing::kFail,
      [&commands](StoreAccess& access) { return RunStatus(access, commands.json()); });

  const auto at = std::make_shared<std::optional<Version>>();
  CLI::App* root = commands.AddOnStore(
      nullptr, "root", "The root at the head or at a version",
      "Examples:\n  flatkv root\n  flatkv root --at 1200 --json\nJSON: {mode, version, root}",
      IfMissing::kFail,
      [&commands, at](StoreAccess& access) { return RunRoot(access, *at, commands.json()); });
  root->add_option("--at", *at, "Version [the head]")->type_name("V")->check(CLI::PositiveNumber);

  RegisterGet(commands);
  RegisterIterate(commands);
}

}  // namespace flatkv::cli
