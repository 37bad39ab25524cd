// verify.
#include <memory>

#include "cli/command_set.h"
#include "cli/interrupt.h"
#include "cli/verify_commands.h"

namespace flatkv::cli {

void RegisterVerify(CommandSet& commands) {
  struct Typed {
    VerifyOptions options;
    bool quick = false;
    bool full = false;  // the default, accepted so that a script can say it
  };
  const auto typed = std::make_shared<Typed>();
  CLI::App* verify = commands.AddOnAdmin(
      nullptr, "verify", "Recompute every hash from the rows, and check files and changelog",
      "Examples:\n  flatkv verify\n  flatkv verify --quick --home /var/lib/flatkv --json\n"
      "Online it runs beside commits. Every finding is a line; exit code 6 when there are any. "
      "Ctrl-C\n"
      "cancels. JSON: {mode, ok, depth, version, root, findings, snapshots, files, versions, rows, "
      "seconds}",
      [typed](const AdminSession& session) {
        typed->options.depth = typed->quick ? VerifyDepth::kQuick : VerifyDepth::kFull;
        return RunVerify(session, typed->options, Interrupted);
      });
  CLI::Option* quick =
      verify->add_flag("--quick", typed->quick,
                       "Only manifests, names and sizes, the changelog's chain, recorded "
                       "hashes");
  verify
      ->add_flag("--full", typed->full,
                 "And every file's digest and every row's hash (the default)")
      ->excludes(quick);
  CLI::Option* at =
      verify->add_option("--at", typed->options.at, "Verify the state at this version")
          ->type_name("V")
          ->check(CLI::PositiveNumber);
  verify->add_option("--snapshot", typed->options.snapshot, "Verify only this snapshot")
      ->type_name("V")
      ->check(CLI::PositiveNumber)
      ->excludes(at);
}

}  // namespace flatkv::cli
