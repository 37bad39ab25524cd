// recover, migrate.
#include <memory>

#include "cli/command_set.h"
#include "cli/recovery_commands.h"

namespace flatkv::cli {

void RegisterRecovery(CommandSet& commands) {
  const auto select = std::make_shared<std::optional<Version>>();
  const auto from_changelog = std::make_shared<bool>(false);
  CLI::App* recover = commands.Add(
      nullptr, "recover", "Open a store from the snapshot, or none, that you choose (offline)",
      "Examples:\n  flatkv recover --select 1200 --home /var/lib/flatkv\n"
      "  flatkv recover --select 1200 --home /var/lib/flatkv --json\n"
      "  flatkv recover --from-changelog --home /var/lib/flatkv\n"
      "For a store that refuses to choose by itself (RECOVERY_AMBIGUOUS), or whose snapshots are\n"
      "damaged. The data DBs and the snapshots that are not chosen go to the quarantine. JSON: "
      "{mode, version, "
      "root,\n"
      "current, oldest_retained, quarantine_entries, recovery: {replayed_from, replayed_to, "
      "torn_bytes,\n"
      "torn_file, seconds}}",
      [&commands, select] {
        return RunRecover(commands.target(), select->value_or(0), commands.json());
      });
  commands.AddTarget(recover);
  CLI::Option_group* const choice = recover->add_option_group("start");
  choice->add_option("--select", *select, "Version of the snapshot to start from")
      ->type_name("V")
      ->check(CLI::PositiveNumber);
  choice->add_flag("--from-changelog", *from_changelog,
                   "Start from no snapshot; the changelog must hold every version");
  choice->require_option(1);

  CLI::App* migrate = commands.Add(
      nullptr, "migrate", "Bring a store from before snapshots to today's layout (offline)",
      "Examples:\n  flatkv migrate --home /var/lib/flatkv --dry-run\n"
      "  flatkv migrate --home /var/lib/flatkv --yes --json\n"
      "Opening such a store does the same. JSON: {mode, plan: {migrate, data_dbs, directory}}, "
      "then as\n"
      "recover",
      [&commands] {
        return RunMigrate(commands.target(), commands.confirm(), commands.json(), Terminal());
      });
  commands.AddTarget(migrate);
  commands.AddConfirm(migrate);
}

}  // namespace flatkv::cli
