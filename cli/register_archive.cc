// export, import, archive verify and compare.
#include <memory>

#include "cli/archive_commands.h"
#include "cli/command_set.h"
#include "cli/compare_command.h"
#include "cli/interrupt.h"

namespace flatkv::cli {
namespace {

void AddThreads(CLI::App* command, size_t* threads) {
  *threads = DefaultArchiveThreads();
  command->add_option("--threads", *threads, "Threads that hash and compress [the processors]")
      ->type_name("N")
      ->check(CLI::Range(1, 16));
}

void AddAt(CLI::App* command, std::optional<Version>* at) {
  command->add_option("--at", *at, "The version [the head]")
      ->type_name("V")
      ->check(CLI::PositiveNumber);
}

void RegisterExport(CommandSet& commands) {
  const auto typed = std::make_shared<ExportCommand>();
  CLI::App* command = commands.AddOnAdmin(
      nullptr, "export", "Write the state of one version into an archive",
      "Examples:\n  flatkv export --to /backup/state-1200 --at 1200\n"
      "  flatkv export --to state.tar --home /var/lib/flatkv --json\n"
      "PATH is a directory, in which an interrupted export is gone on with, or, with the ending "
      ".tar,\n"
      "one file. Online it runs beside commits. The same version gives the same bytes. JSON: "
      "{mode,\n"
      "version, root, suite, already_done, path, chunks, kept_chunks, rows, bytes, file_bytes, "
      "seconds}",
      [typed](const AdminSession& session) { return RunExport(session, *typed, Interrupted); });
  command->add_option("--to", typed->to, "Where the archive goes")->required()->type_name("PATH");
  AddAt(command, &typed->at);
  AddThreads(command, &typed->threads);
}

void RegisterImport(CommandSet& commands) {
  const auto typed = std::make_shared<ImportCommand>();
  CLI::App* command = commands.Add(
      nullptr, "import", "Make a store out of an archive, checked chunk by chunk",
      "Examples:\n  flatkv import --from /backup/state-1200 --home /var/lib/flatkv\n"
      "  flatkv import --from state.tar --home ./run --expect-root HEX --replace --yes --json\n"
      "No daemon may have the store open. A store that is there is set aside in quarantine/, in "
      "one "
      "step,\n"
      "when the new one is whole. Repeating it after an interruption goes on. JSON: {mode, plan: "
      "{version,\n"
      "root, suite, chunks, rows, bytes, file_bytes, replaces, replaced_store_id, resumes, "
      "steps}}, then\n"
      "{mode, version, root, suite, store_id, rows, bytes, kept_rows, quarantined, seconds}",
      [&commands, typed] {
        typed->json = commands.json();
        typed->confirm = commands.confirm();
        return RunImport(*typed, Terminal(), Interrupted);
      });
  command->add_option("--from", typed->from, "The archive")->required()->type_name("PATH");
  command->add_option("--home", typed->home, "The home of the new store")
      ->required()
      ->type_name("DIR");
  command
      ->add_option("--expect-root", typed->expect_root,
                   "Refuse an archive with another root than this one")
      ->type_name("HEX");
  command->add_flag("--replace", typed->replace, "Set a store that is there aside");
  AddThreads(command, &typed->threads);
  commands.AddConfirm(command);
}

void RegisterArchiveVerify(CommandSet& commands, CLI::App* group) {
  const auto typed = std::make_shared<ArchiveVerifyCommand>();
  CLI::App* command = commands.Add(
      group, "verify", "Check every chunk of an archive, and all of them against the root",
      "Examples:\n  flatkv archive verify /backup/state-1200\n"
      "  flatkv archive verify state.tar --json\n"
      "Needs no store. Every finding is a line that names the chunk; exit code 6 when there are "
      "any.\n"
      "JSON: {ok, version, root, suite, findings, chunks, rows, bytes, file_bytes, seconds}",
      [&commands, typed] {
        typed->json = commands.json();
        return RunArchiveVerify(*typed, Interrupted);
      });
  command->add_option("path", typed->path, "The archive")->required()->type_name("PATH");
  AddThreads(command, &typed->threads);
}

void RegisterArchiveCompare(CommandSet& commands, CLI::App* group) {
  struct Typed {
    std::string here;
    std::string there;
    CompareCommandOptions options;
  };
  const auto typed = std::make_shared<Typed>();
  CLI::App* command = commands.Add(
      group, "compare", "Find the rows that differ between two archives of one version",
      "Examples:\n  flatkv archive compare /backup/state-1200 /backup/other/state-1200\n"
      "Needs no store. Output and exit code as of flatkv compare.",
      [&commands, typed] {
        return RunCompareArchives(typed->here, typed->there, commands.json(), typed->options,
                                  Interrupted);
      });
  command->add_option("here", typed->here, "One archive")->required()->type_name("PATH");
  command->add_option("there", typed->there, "The other")->required()->type_name("PATH");
  command->add_option("--limit", typed->options.rows_max, "At most N differing rows; 0: all [100]")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
}

}  // namespace

void RegisterArchive(CommandSet& commands) {
  RegisterExport(commands);
  RegisterImport(commands);
  CLI::App* group = commands.AddGroup("archive", "Archives of flatkv export");
  RegisterArchiveVerify(commands, group);
  RegisterArchiveCompare(commands, group);
  RegisterSei(commands, group);
}

}  // namespace flatkv::cli
