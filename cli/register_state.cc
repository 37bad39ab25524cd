// compare, diff, hashlog, state-size.
#include <chrono>
#include <memory>
#include <string>

#include "cli/command_set.h"
#include "cli/compare_command.h"
#include "cli/diff_command.h"
#include "cli/hash_log_commands.h"
#include "cli/interrupt.h"
#include "cli/state_size_command.h"

namespace flatkv::cli {
namespace {

StatusOr<ClientOptions> PeerOf(const CommandSet& commands, const std::string& typed) {
  ClientOptions peer;
  ASSIGN_OR_RETURN(peer.address, PeerAddress(typed));
  peer.timeout = std::chrono::seconds(commands.target().timeout_seconds);
  return peer;
}

void AddPeer(CLI::App* command, std::string* peer) {
  command->add_option("--peer", *peer, "The other daemon: unix:PATH or HOST:PORT")
      ->required()
      ->type_name("ADDR");
}

void RegisterCompare(CommandSet& commands) {
  struct Typed {
    std::string peer;
    CompareCommandOptions options;
  };
  const auto typed = std::make_shared<Typed>();
  CLI::App* compare = commands.AddOnState(
      nullptr, "compare", "Find the rows that differ from those of another node or an archive",
      "Examples:\n  flatkv compare --peer 10.0.0.7:7450\n  flatkv compare --archive "
      "/backup/state-1200\n"
      "  flatkv compare --home /var/lib/flatkv --peer 10.0.0.7:7450 --at 1200 --limit 0 --json\n"
      "Both daemons may go on committing. Two archives: flatkv archive compare. Exit code 13 when "
      "rows differ. JSON: a line {data_db, "
      "module,\n"
      "key, difference, here, there} for each row, here and there {version, bytes, row} or null, "
      "then\n"
      "{mode, with, version, same, here: {root, suite, store_id}, there, digests, differing_rows,\n"
      "complete, rows_digested, round_trips, sent_bytes, received_bytes}",
      [&commands, typed](const StateSession& session) -> Status {
        if (typed->options.archive.empty()) {
          ASSIGN_OR_RETURN(typed->options.peer, PeerOf(commands, typed->peer));
        }
        return RunCompare(session, typed->options, Interrupted);
      });
  CLI::Option_group* with = compare->add_option_group("With");
  with->add_option("--peer", typed->peer, "The other daemon: unix:PATH or HOST:PORT")
      ->type_name("ADDR");
  with->add_option("--archive", typed->options.archive, "An archive that flatkv export has made")
      ->type_name("PATH")
      ->check(CLI::ExistingPath);
  with->require_option(1);
  compare->add_option("--at", typed->options.at, "Version [the lower of the two heads]")
      ->type_name("V")
      ->check(CLI::PositiveNumber);
  compare->add_option("--limit", typed->options.rows_max, "At most N differing rows; 0: all [100]")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
}

void RegisterDiff(CommandSet& commands) {
  const auto options = std::make_shared<DiffCommandOptions>();
  CLI::App* diff = commands.AddOnState(
      nullptr, "diff", "The keys whose values differ between two retained versions",
      "Examples:\n  flatkv diff 1190 1200\n  flatkv diff 1190 1200 --module bank --values --json\n"
      "JSON: a line {module, key, change} for each key, change one of added, removed, changed; "
      "with\n"
      "--values also before and after, null where there was no value; then {mode, from, to, "
      "changes,\n"
      "complete, method}, method one of changelog, walk, or null when the limit was reached",
      [options](const StateSession& session) { return RunDiff(session, *options, Interrupted); });
  diff->add_option("from", options->from, "The version before")
      ->required()
      ->type_name("V1")
      ->check(CLI::PositiveNumber);
  diff->add_option("to", options->to, "The version after")
      ->required()
      ->type_name("V2")
      ->check(CLI::PositiveNumber);
  diff->add_option("--module", options->module, "Only this module")->type_name("NAME");
  diff->add_flag("--values", options->values, "Show the values before and after");
  diff->add_option("--limit", options->limit, "At most N keys; 0: all [0]")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
}

void RegisterHashLog(CommandSet& commands) {
  CLI::App* group = commands.AddGroup("hashlog", "Roots and hashes of every recent version");
  const auto show_options = std::make_shared<HashLogShowOptions>();
  CLI::App* show = commands.AddOnState(
      group, "show", "Root, and hash, rows and bytes of every data DB and module",
      "Examples:\n  flatkv hashlog show\n  flatkv hashlog show --from 1190 --to 1200 --json\n"
      "JSON: a line {version, root, data_dbs: {account: {checksum, rows, bytes, modules: {evm: "
      "{checksum,\n"
      "rows, bytes} ...}} ...}} for each version; data_dbs is null where only the root is known",
      [show_options](const StateSession& session) {
        return RunHashLogShow(session, *show_options);
      });
  show->add_option("--from", show_options->from, "First version [20 versions before the last]")
      ->type_name("V")
      ->check(CLI::PositiveNumber);
  show->add_option("--to", show_options->to, "Last version [the newest]")
      ->type_name("V")
      ->check(CLI::PositiveNumber);

  struct Typed {
    std::string peer;
    HashLogCompareOptions options;
  };
  const auto typed = std::make_shared<Typed>();
  CLI::App* compare = commands.AddOnState(
      group, "compare", "The first version, data DB and module in which another node differs",
      "Examples:\n  flatkv hashlog compare --peer 10.0.0.7:7450\n"
      "  flatkv hashlog compare --peer unix:/run/b.sock --all --json\n"
      "Without --all it halves the range that both have, from the newest version on, which takes "
      "few\n"
      "round trips. Exit code 13 when they differ. JSON: {mode, peer, same, first, last,\n"
      "versions_compared}, or {mode, peer, same, first_divergent, is_oldest_compared, root_here,\n"
      "root_there, modules: [{data_db, module, here, there}] or null, versions_compared}",
      [&commands, typed](const StateSession& session) -> Status {
        ASSIGN_OR_RETURN(typed->options.peer, PeerOf(commands, typed->peer));
        return RunHashLogCompare(session, typed->options);
      });
  AddPeer(compare, &typed->peer);
  compare->add_flag("--all", typed->options.all,
                    "Compare every version: finds also what later versions made good");
}

void RegisterStateSize(CommandSet& commands) {
  struct Typed {
    StateSizeCommandOptions options;
    std::string by = "module";
    size_t top = 20;
  };
  const auto typed = std::make_shared<Typed>();
  CLI::App* size = commands.AddOnState(
      nullptr, "state-size", "Rows and bytes by data DB and module, or by EVM contract",
      "Examples:\n  flatkv state-size\n  flatkv state-size --by contract --top 10 --at 1200 "
      "--json\n"
      "By contract every row of storage and code is read. JSON: {mode, version, root, data_dbs: "
      "{account:\n"
      "{checksum, rows, bytes, modules: {evm: {checksum, rows, bytes} ...}} ...}}, by contract "
      "also\n"
      "contracts: {count, largest: [{address, bytes, storage_rows, storage_bytes, code_bytes}]}",
      [typed](const StateSession& session) {
        typed->options.top_contracts = typed->by == "contract" ? typed->top : 0;
        return RunStateSize(session, typed->options, Interrupted);
      });
  size->add_option("--at", typed->options.at, "Version [the head]")
      ->type_name("V")
      ->check(CLI::PositiveNumber);
  size->add_option("--by", typed->by, "module or contract [module]")
      ->type_name("WHAT")
      ->check(CLI::IsMember({"module", "contract"}));
  size->add_option("--top", typed->top, "By contract: the N largest [20]")
      ->type_name("N")
      ->check(CLI::Range(size_t{1}, size_t{10'000}));
}

}  // namespace

void RegisterState(CommandSet& commands) {
  RegisterCompare(commands);
  RegisterDiff(commands);
  RegisterHashLog(commands);
  RegisterStateSize(commands);
}

}  // namespace flatkv::cli
