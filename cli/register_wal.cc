// wal info, wal dump, wal verify.
#include <memory>

#include "cli/command_set.h"
#include "cli/interrupt.h"
#include "cli/wal_commands.h"
#include "flatkv/fs/posix_file_system.h"

namespace flatkv::cli {
namespace {

// `run` gets the changelog's directory.
template <typename Run>
CommandSet::Body OnChangelog(CommandSet& commands, Run run) {
  return [&commands, run]() -> Status {
    ASSIGN_OR_RETURN(const std::string directory, StoreDirectory(commands.target()));
    return run(PosixFileSystem(), ChangelogOf(directory));
  };
}

}  // namespace

void RegisterWal(CommandSet& commands) {
  CLI::App* group =
      commands.AddGroup("wal", "Look into the changelog's files, which are only read");
  CLI::App* info = commands.Add(
      group, "info", "The segments and the versions in them",
      "Examples:\n  flatkv wal info --home /var/lib/flatkv\n"
      "  flatkv wal info --home ./run --json\n"
      "Works beside a daemon. JSON: {mode, ok, first, last, bytes, records_read, cut_to, defect: "
      "null or\n"
      "{file, offset, version, cause}, segments: [{file, first, last, bytes, sealed, state,\n"
      "unfinished_bytes, damaged_seals}]}",
      OnChangelog(commands, [&commands](FileSystem& fs, const std::string& changelog) {
        return RunWalInfo(fs, changelog, commands.json());
      }));
  commands.AddTarget(info);

  const auto options = std::make_shared<WalDumpOptions>();
  CLI::App* dump = commands.Add(
      group, "dump", "The versions in the changelog, a line each",
      "Examples:\n  flatkv wal dump --home /var/lib/flatkv --from 1200 --json\n"
      "  flatkv wal dump --home /var/lib/flatkv --pairs > blocks.jsonl\n"
      "Works beside a daemon. With --pairs the lines are what flatkv replay takes. JSON: a line "
      "{version,\n"
      "root, content_digest, pairs, bytes} for each version",
      OnChangelog(commands, [&commands, options](FileSystem& fs, const std::string& changelog) {
        return RunWalDump(fs, changelog, *options, commands.json());
      }));
  commands.AddTarget(dump);
  dump->add_option("--from", options->from, "First version")
      ->type_name("V")
      ->check(CLI::PositiveNumber);
  dump->add_option("--to", options->to, "Last version")->type_name("V")->check(CLI::PositiveNumber);
  dump->add_flag("--pairs", options->pairs, "Every pair, as a change-log file");

  CLI::App* verify = commands.Add(
      group, "verify", "Check every checksum, digest and link of the chain",
      "Examples:\n  flatkv wal verify --home /var/lib/flatkv\n"
      "  flatkv wal verify --home ./run --json\n"
      "Works beside a daemon. The first damage is named by file, offset and version; exit code 6.\n"
      "JSON: as wal info, without segments",
      OnChangelog(commands, [&commands](FileSystem& fs, const std::string& changelog) {
        return RunWalVerify(fs, changelog, commands.json(), Interrupted);
      }));
  commands.AddTarget(verify);
}

}  // namespace flatkv::cli
