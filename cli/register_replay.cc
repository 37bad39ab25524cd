// replay.
#include <memory>

#include "cli/command_set.h"
#include "cli/replay.h"

namespace flatkv::cli {

void RegisterReplay(CommandSet& commands) {
  struct Typed {
    ReplayOptions options;
    bool stream = false;  // the default, accepted so that a script can say it
    bool unary = false;
  };
  const auto typed = std::make_shared<Typed>();
  CLI::App* replay = commands.AddOnStore(
      nullptr, "replay", "Commit the versions of a change-log file",
      "Examples:\n  flatkv replay blocks.jsonl --expect-roots blocks.roots\n"
      "  zcat blocks.jsonl.gz | flatkv replay - --home ./run --json > roots.jsonl\n"
      "A line of FILE is "
      "{\"version\":1,\"changesets\":[{\"name\":\"evm\",\"pairs\":[{\"key\":HEX,\"value\":HEX} or\n"
      "{\"key\":HEX,\"delete\":true}]}]}. Repeating a replay is safe: what is committed is only "
      "confirmed.\n"
      "With --home it makes the store if there is none. JSON: a line {version, root} for each "
      "version.",
      IfMissing::kCreate, [&commands, typed](StoreAccess& access) {
        typed->options.style = typed->unary ? CommitStyle::kUnary : CommitStyle::kStream;
        return RunReplay(access, typed->options, commands.json());
      });
  ReplayOptions& options = typed->options;
  replay->add_option("file", options.file, "Change-log file (JSON lines); - is standard input")
      ->required()
      ->type_name("FILE");
  replay->add_option("--from", options.from, "First version to send")->type_name("V");
  replay->add_option("--to", options.to, "Last version to send")->type_name("V");
  CLI::Option* unary = replay->add_flag("--unary", typed->unary, "One CommitBlock call a version");
  replay->add_flag("--stream", typed->stream, "One CommitStream for all versions (the default)")
      ->excludes(unary);
  replay
      ->add_option("--expect-roots", options.expect_roots,
                   "File of lines 'version root'; stop with exit code 13 at the first difference")
      ->type_name("FILE");
  replay->add_option("--every", options.every, "Text: show the root of every N-th version [100]")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  replay->add_flag("--quiet", options.quiet, "No progress on standard error");
}

}  // namespace flatkv::cli
