// archive to-sei, archive from-sei.
#include <memory>

#include "cli/archive_commands.h"
#include "cli/command_set.h"
#include "cli/interrupt.h"
#include "cli/sei_commands.h"

namespace flatkv::cli {
namespace {

void AddThreads(CLI::App* command, size_t* threads) {
  *threads = DefaultArchiveThreads();
  command->add_option("--threads", *threads, "Threads that hash and compress [the processors]")
      ->type_name("N")
      ->check(CLI::Range(1, 16));
}

void RegisterToSei(CommandSet& commands, CLI::App* archive) {
  const auto typed = std::make_shared<ToSeiCommand>();
  CLI::App* command = commands.Add(
      archive, "to-sei", "Write the state of an archive as the stream that Sei's state sync reads",
      "Examples:\n  flatkv archive to-sei --from /backup/state-1200 --to /backup/sei-1200\n"
      "  flatkv archive to-sei --from state.tar --to state.zlib --json\n"
      "PATH becomes a directory of part files 0, 1, 2 ..., or, with the ending .zlib, one file. It "
      "appears\n"
      "when it is whole. The archive must be of suite blake3: the root is then the same. JSON: "
      "{version,\n"
      "root, suite, path, rows, stream_bytes, parts, seconds}",
      [&commands, typed] {
        typed->json = commands.json();
        return RunToSei(*typed, Interrupted);
      });
  command->add_option("--from", typed->from, "The archive")->required()->type_name("PATH");
  command->add_option("--to", typed->to, "Where the stream goes")->required()->type_name("PATH");
  AddThreads(command, &typed->threads);
}

void RegisterFromSei(CommandSet& commands, CLI::App* archive) {
  const auto typed = std::make_shared<FromSeiCommand>();
  CLI::App* command = commands.Add(
      archive, "from-sei", "Make an archive out of a snapshot of Sei's state sync",
      "Examples:\n  flatkv archive from-sei --from /sei/snapshots/1200/1 --version 1200 --to "
      "/backup/state-1200\n"
      "  flatkv archive from-sei --from state.zlib --version 1200 --to state.tar --expect-root HEX "
      "--json\n"
      "Reads part files 0, 1, 2 ... or one file. Only the store flatkv is taken; every row is "
      "checked before\n"
      "anything is written. flatkv import makes a store of suite blake3 out of the archive. JSON: "
      "{version,\n"
      "root, suite, path, chunks, rows, bytes, file_bytes, other_stores: {NAME: nodes}, "
      "extension_items,\n"
      "seconds}",
      [&commands, typed] {
        typed->json = commands.json();
        return RunFromSei(*typed, Interrupted);
      });
  command->add_option("--from", typed->from, "The snapshot's part files, or the stream in one file")
      ->required()
      ->type_name("PATH");
  command->add_option("--to", typed->to, "Where the archive goes: a directory, or one file *.tar")
      ->required()
      ->type_name("PATH");
  command->add_option("--version", typed->version, "The height of the snapshot")
      ->required()
      ->type_name("V")
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--initial-version", typed->initial_version,
                   "The first version of the store that is made of it [1]")
      ->type_name("V")
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--expect-root", typed->expect_root,
                   "Refuse a snapshot with another root than this one")
      ->type_name("HEX");
  AddThreads(command, &typed->threads);
}

}  // namespace

void RegisterSei(CommandSet& commands, CLI::App* archive) {
  RegisterToSei(commands, archive);
  RegisterFromSei(commands, archive);
}

}  // namespace flatkv::cli
