// compact: in place, or into another home.
#include <memory>

#include "cli/archive_commands.h"
#include "cli/command_set.h"
#include "cli/interrupt.h"
#include "cli/upkeep_commands.h"

namespace flatkv::cli {

void RegisterCompact(CommandSet& commands) {
  const auto typed = std::make_shared<CopyCommand>();
  CLI::App* command = commands.AddOnAdmin(
      nullptr, "compact",
      "Rewrite the tables without what is overwritten, or a fresh store elsewhere",
      "Examples:\n  flatkv compact\n  flatkv compact --to /var/lib/flatkv-new --at 1200\n"
      "In place, commits and reads go on beside; Ctrl-C stops it at the next step, and what was "
      "compacted stays so.\n"
      "With --to, DIR becomes the home of a new store with one version and no history; it must be "
      "absent or empty.\n"
      "JSON: {mode, data_dbs: {account: {bytes_before, bytes_after} ...}, seconds}; with --to\n"
      "{mode, version, root, suite, store_id, rows, bytes, kept_rows, quarantined, seconds}",
      [typed](const AdminSession& session) {
        return typed->to.empty() ? RunCompact(session, Interrupted)
                                 : RunCompactTo(session, *typed, Interrupted);
      });
  CLI::Option* to = command->add_option("--to", typed->to, "The home of the new store")
                        ->type_name("DIR")
                        ->check([](const std::string& path) {
                          return path.empty() ? std::string("must not be empty") : std::string();
                        });
  command->add_option("--at", typed->at, "With --to: the version [the head]")
      ->type_name("V")
      ->check(CLI::PositiveNumber)
      ->needs(to);
  typed->threads = DefaultArchiveThreads();
  command
      ->add_option("--threads", typed->threads,
                   "With --to: threads that hash and compress [the processors]")
      ->type_name("N")
      ->check(CLI::Range(1, 16))
      ->needs(to);
}

}  // namespace flatkv::cli
