// rollback, reorg, prune.
#include <memory>
#include <string>

#include "cli/command_set.h"
#include "cli/history_commands.h"

namespace flatkv::cli {

void RegisterHistory(CommandSet& commands) {
  const auto rollback_options = std::make_shared<RollbackOptions>();
  CLI::App* rollback = commands.AddOnAdmin(
      nullptr, "rollback", "Go back to a retained version; the versions above it are given up",
      "Examples:\n  flatkv rollback --to 1200 --dry-run\n"
      "  flatkv rollback --to 1200 --yes --home /var/lib/flatkv --json\n"
      "It happens whole or not at all, whatever crashes. Ctrl-C only ends the wait for a daemon.\n"
      "JSON: {mode, plan: {from, target, target_root, method, base, replay_from, "
      "removed_snapshots,\n"
      "removed_pins, steps}}, then {mode, version, root, method, seconds}",
      [&commands, rollback_options](const AdminSession& session) {
        rollback_options->confirm = commands.confirm();
        return RunRollback(session, *rollback_options, Terminal());
      });
  rollback->add_option("--to", rollback_options->to, "The head afterwards")
      ->required()
      ->type_name("V")
      ->check(CLI::PositiveNumber);
  rollback
      ->add_option_function<std::string>(
          "--method",
          [rollback_options](const std::string& name) {
            rollback_options->choice = name == "undo"     ? RollbackChoice::kUndo
                                       : name == "replay" ? RollbackChoice::kReplay
                                                          : RollbackChoice::kAuto;
          },
          "auto, undo (recent versions only) or replay (from a snapshot) [auto]")
      ->type_name("METHOD")
      ->check(CLI::IsMember({"auto", "undo", "replay"}));
  commands.AddConfirm(rollback);

  const auto reorg_options = std::make_shared<ReorgOptions>();
  CLI::App* reorg = commands.AddOnAdmin(
      nullptr, "reorg", "Replace the latest versions by those of a file, all or none",
      "Examples:\n  flatkv reorg fork.jsonl --dry-run\n  flatkv reorg fork.jsonl --yes --json\n"
      "FILE is as that of flatkv replay; its first version is the first to be replaced. Repeating "
      "it is\n"
      "safe. JSON: {mode, plan: {rollback, first, last}}, then {mode, from, already_done, "
      "versions:\n"
      "[{version, root}], seconds}",
      [&commands, reorg_options](const AdminSession& session) {
        reorg_options->confirm = commands.confirm();
        return RunReorg(session, *reorg_options, Terminal());
      });
  reorg->add_option("file", reorg_options->file, "Change-log file; - is standard input")
      ->required()
      ->type_name("FILE");
  commands.AddConfirm(reorg);

  const auto prune_options = std::make_shared<PruneOptions>();
  CLI::App* prune = commands.AddOnAdmin(
      nullptr, "prune", "Remove what retention no longer needs",
      "Examples:\n  flatkv prune --dry-run\n  flatkv prune --keep 1 --yes --json\n"
      "Pinned, leased and current snapshots stay. JSON: {mode, plan: {snapshots, wal_below}}, then "
      "{mode,\n"
      "pruned: {snapshots, wal_below}}",
      [&commands, prune_options](const AdminSession& session) {
        prune_options->confirm = commands.confirm();
        return RunPrune(session, *prune_options, Terminal());
      });
  prune
      ->add_option("--keep", prune_options->keep_recent,
                   "Snapshots to keep beside the current one [as configured]")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  commands.AddConfirm(prune);
}

}  // namespace flatkv::cli
