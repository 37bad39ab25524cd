// snapshot ..., quarantine ...
#include <memory>

#include "cli/command_set.h"
#include "cli/interrupt.h"
#include "cli/quarantine_commands.h"
#include "cli/snapshot_commands.h"
#include "cli/verify_commands.h"

namespace flatkv::cli {
namespace {

struct Typed {
  Version version = 0;
  std::optional<Version> one;
  bool all = false;
  bool full = false;
  std::string reason;
  std::string name;  // of a pin or of a quarantine entry
};

void AddVersion(CLI::App* command, Version* version) {
  command->add_option("version", *version, "Version of the snapshot")
      ->required()
      ->type_name("V")
      ->check(CLI::PositiveNumber);
}

void RegisterTaking(CommandSet& commands, CLI::App* group) {
  commands.AddOnAdmin(
      group, "create", "Take a snapshot of the head now",
      "Examples:\n  flatkv snapshot create\n  flatkv snapshot create --home /var/lib/flatkv "
      "--json\n"
      "Answers when the snapshot is published; a snapshot of the head that is there already is an "
      "answer\n"
      "too. Ctrl-C only ends the wait. JSON: {mode, snapshot}, with a snapshot as in list.",
      RunSnapshotCreate);
  commands.AddOnAdmin(
      group, "list", "The snapshots, oldest first",
      "Examples:\n  flatkv snapshot list\n  flatkv snapshot list --home /var/lib/flatkv --json\n"
      "JSON: {mode, snapshots: [{version, root, current, pins: [{id, version, reason,\n"
      "created_unix_seconds}], leases, files, bytes, created_unix_seconds, suite}]}",
      RunSnapshotList);

  const auto typed = std::make_shared<Typed>();
  CLI::App* show = commands.AddOnAdmin(
      group, "show", "What a snapshot holds, its files included",
      "Examples:\n  flatkv snapshot show 1200\n  flatkv snapshot show 1200 --json\n"
      "JSON: {mode, snapshot}: as in list, and store_id, operation_id, build, engine, key_format, "
      "wal_from,\n"
      "data_dbs: {account: {rows, bytes, checksum, modules: {...}} ...}, file_list: [{path, bytes, "
      "digest}]",
      [typed](const AdminSession& session) { return RunSnapshotShow(session, typed->version); });
  AddVersion(show, &typed->version);
}

void RegisterChecking(CommandSet& commands, CLI::App* group) {
  const auto typed = std::make_shared<Typed>();
  CLI::App* verify = commands.AddOnAdmin(
      group, "verify", "Check one snapshot or all against their manifests",
      "Examples:\n  flatkv snapshot verify 1200 --full\n  flatkv snapshot verify --all --json\n"
      "Every finding is a line; exit code 6 when there are any. Ctrl-C cancels. JSON: a line for "
      "each\n"
      "snapshot, as that of flatkv verify.",
      [typed](const AdminSession& session) {
        return RunSnapshotVerify(session, typed->one,
                                 typed->full ? VerifyDepth::kFull : VerifyDepth::kQuick,
                                 Interrupted);
      });
  CLI::Option* version = verify->add_option("version", typed->one, "Version of the snapshot [all]")
                             ->type_name("V")
                             ->check(CLI::PositiveNumber);
  verify->add_flag("--all", typed->all, "Every snapshot (the default)")->excludes(version);
  verify->add_flag("--full", typed->full, "Read every file, and hash every row");

  CLI::App* remove = commands.AddOnAdmin(
      group, "rm", "Remove a snapshot that nothing uses",
      "Examples:\n  flatkv snapshot rm 1200 --dry-run\n  flatkv snapshot rm 1200 --yes --json\n"
      "The current, a pinned and a leased snapshot stay. JSON: {mode, plan: {snapshot}}, then "
      "{mode, removed}",
      [&commands, typed](const AdminSession& session) {
        return RunSnapshotRemove(session, typed->version, commands.confirm(), Terminal());
      });
  AddVersion(remove, &typed->version);
  commands.AddConfirm(remove);
}

void RegisterPins(CommandSet& commands, CLI::App* group) {
  const auto typed = std::make_shared<Typed>();
  CLI::App* pin =
      commands.AddOnAdmin(group, "pin", "Keep a snapshot until the pin is released",
                          "Examples:\n  flatkv snapshot pin 1200 --reason 'backup of May'\n"
                          "  flatkv snapshot pin 1200 --reason audit --json\n"
                          "JSON: {mode, pin: {id, version, reason, created_unix_seconds}}",
                          [typed](const AdminSession& session) {
                            return RunPin(session, typed->version, typed->reason);
                          });
  AddVersion(pin, &typed->version);
  pin->add_option("--reason", typed->reason, "Why, for whoever finds it")
      ->required()
      ->type_name("TEXT");

  CLI::App* unpin = commands.AddOnAdmin(
      group, "unpin", "Release a pin",
      "Examples:\n  flatkv snapshot unpin 1a2b3c4d5e6f7081\n"
      "  flatkv snapshot unpin 1a2b3c4d5e6f7081 --json\nJSON: {mode, released}",
      [typed](const AdminSession& session) { return RunUnpin(session, typed->name); });
  unpin->add_option("id", typed->name, "Id of the pin")->required()->type_name("ID");

  commands.AddOnAdmin(group, "pins", "The pins, by version",
                      "Examples:\n  flatkv snapshot pins\n  flatkv snapshot pins --json\n"
                      "JSON: {mode, pins: [{id, version, reason, created_unix_seconds}]}",
                      RunPins);
}

void RegisterQuarantine(CommandSet& commands) {
  CLI::App* group = commands.AddGroup("quarantine", "What recovery set aside");
  commands.AddOnAdmin(group, "list", "The entries, oldest first",
                      "Examples:\n  flatkv quarantine list\n  flatkv quarantine list --json\n"
                      "JSON: {mode, entries: [{name, item, reason, created_unix_seconds, bytes}]}",
                      RunQuarantineList);
  const auto typed = std::make_shared<Typed>();
  CLI::App* remove = commands.AddOnAdmin(
      group, "rm", "Remove an entry for good",
      "Examples:\n  flatkv quarantine rm 20260102T030405Z-1a2b3c4d5e6f7081 --dry-run\n"
      "  flatkv quarantine rm 20260102T030405Z-1a2b3c4d5e6f7081 --yes --json\n"
      "JSON: {mode, plan: {entry}}, then {mode, removed}",
      [&commands, typed](const AdminSession& session) {
        return RunQuarantineRemove(session, typed->name, commands.confirm(), Terminal());
      });
  remove->add_option("name", typed->name, "Name of the entry")->required()->type_name("NAME");
  commands.AddConfirm(remove);
}

}  // namespace

void RegisterSnapshots(CommandSet& commands) {
  CLI::App* group = commands.AddGroup("snapshot", "Take, list, check, keep and remove snapshots");
  RegisterTaking(commands, group);
  RegisterChecking(commands, group);
  RegisterPins(commands, group);
  RegisterQuarantine(commands);
}

}  // namespace flatkv::cli
