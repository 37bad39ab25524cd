// backup ..., restore.
#include <memory>

#include "cli/backup_commands.h"
#include "cli/command_set.h"
#include "cli/interrupt.h"

namespace flatkv::cli {
namespace {

void AddFrom(CLI::App* command, std::string* from) {
  command->add_option("--from", *from, "Backup directory")->required()->type_name("DIR");
}

void RegisterBackupLooks(CommandSet& commands, CLI::App* backup) {
  struct Typed {
    std::string from;
    std::optional<Version> one;
    Version version = 0;
  };
  const auto typed = std::make_shared<Typed>();
  CLI::App* list =
      commands.Add(backup, "list", "The backups in a directory, oldest first",
                   "Examples:\n  flatkv backup list --from /backup/flatkv\n"
                   "  flatkv backup list --from /backup/flatkv --json\n"
                   "JSON: {from, store_id, suite, initial_version, backups: [{version, root,\n"
                   "created_unix_seconds, files, bytes, defect}]}",
                   [&commands, typed] { return RunBackupList(typed->from, commands.json()); });
  AddFrom(list, &typed->from);

  CLI::App* verify =
      commands.Add(backup, "verify", "Read every byte of the backups in a directory",
                   "Examples:\n  flatkv backup verify --from /backup/flatkv\n"
                   "  flatkv backup verify 1200 --from /backup/flatkv --json\n"
                   "Every finding is a line; exit code 6 when there are any. Ctrl-C cancels.\n"
                   "JSON: {from, ok, findings, backups, files, bytes}",
                   [&commands, typed] {
                     return RunBackupVerify(typed->from, typed->one, commands.json(), Interrupted);
                   });
  verify->add_option("version", typed->one, "Version of the backup [all]")
      ->type_name("V")
      ->check(CLI::PositiveNumber);
  AddFrom(verify, &typed->from);

  CLI::App* remove = commands.Add(
      backup, "rm", "Remove a backup",
      "Examples:\n  flatkv backup rm 1200 --from /backup/flatkv --dry-run\n"
      "  flatkv backup rm 1200 --from /backup/flatkv --yes --json\n"
      "What other backups have alike stays. JSON: {from, plan: {version}}, then {from, removed}",
      [&commands, typed] {
        return RunBackupRemove(typed->from, typed->version, commands.confirm(), commands.json(),
                               Terminal());
      });
  remove->add_option("version", typed->version, "Version of the backup")
      ->required()
      ->type_name("V")
      ->check(CLI::PositiveNumber);
  AddFrom(remove, &typed->from);
  commands.AddConfirm(remove);
}

void RegisterRestore(CommandSet& commands) {
  const auto typed = std::make_shared<RestoreOptions>();
  CLI::App* restore = commands.Add(
      nullptr, "restore", "Replace a store by a backup or by one of its snapshots (offline)",
      "Examples:\n  flatkv restore --from /backup/flatkv --home /var/lib/flatkv --dry-run\n"
      "  flatkv restore --snapshot 1200 --home /var/lib/flatkv --yes --json\n"
      "  flatkv restore --from /backup/flatkv --snapshot 1200 --to /var/lib/flatkv-2 --yes\n"
      "The new store is built beside and checked to the last row before anything is changed; the "
      "old one\n"
      "goes to HOME/quarantine whole. JSON: {mode, plan: {source, source_store_id, suite, version, "
      "root,\n"
      "files, bytes, links_tables, home, replaces, replaced_store_id, steps}}, then {mode, home, "
      "version,\n"
      "root, store_id, quarantine_entry, seconds}",
      [&commands, typed] {
        typed->confirm = commands.confirm();
        return RunRestore(commands.target(), *typed, commands.json(), Terminal(), Interrupted);
      });
  commands.AddTarget(restore);
  commands.AddConfirm(restore);
  restore->add_option("--from", typed->from, "Backup directory [the snapshots of the store itself]")
      ->type_name("DIR");
  CLI::Option* snapshot = restore
                              ->add_option("--snapshot", typed->snapshot,
                                           "Version of the snapshot [with --from: the "
                                           "newest]")
                              ->type_name("V")
                              ->check(CLI::PositiveNumber);
  restore->add_option("--pinned", typed->pin_id, "The snapshot that this pin keeps")
      ->type_name("ID")
      ->excludes(snapshot);
  restore
      ->add_option("--to", typed->to,
                   "Build a second store in this new home and leave the first alone")
      ->type_name("DIR");
  restore
      ->add_option("--replaces", typed->replaces,
                   "Id of the store in --home, to replace it by what is of another store")
      ->type_name("STORE-ID");
}

}  // namespace

void RegisterBackup(CommandSet& commands) {
  const auto typed = std::make_shared<BackupOptions>();
  CLI::App* backup = commands.AddOnAdmin(
      nullptr, "backup",
      "Copy a snapshot out of the store's home; list, verify, remove such copies",
      "Examples:\n  flatkv backup --to /backup/flatkv\n"
      "  flatkv backup --to /backup/flatkv --newest --home /var/lib/flatkv --json\n"
      "Works beside a daemon on the same machine; table files that DIR has already are not copied "
      "again.\n"
      "JSON: {mode, to, version, root, already_there, files, bytes, copied_files, copied_bytes}",
      [typed](const AdminSession& session) { return RunBackup(session, *typed, Interrupted); });
  backup->add_option("--to", typed->to, "Backup directory, made if it is not there")
      ->type_name("DIR");
  CLI::Option* snapshot =
      backup
          ->add_option("--snapshot", typed->snapshot,
                       "Version of the snapshot to copy [a new one of the head]")
          ->type_name("V")
          ->check(CLI::PositiveNumber);
  backup->add_flag("--newest", typed->newest, "Copy the newest snapshot there is, if any")
      ->excludes(snapshot);
  backup->require_subcommand(0, 1);
  RegisterBackupLooks(commands, backup);
  RegisterRestore(commands);
}

}  // namespace flatkv::cli
