#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <string>

#include "cli/build_info.h"
#include "cli/command_set.h"
#include "cli/errors.h"

namespace flatkv::cli {
namespace {

constexpr char kExitCodeHelp[] =
    "Exit codes: 0 ok; 1 unexpected; 2 usage or configuration; 3 not confirmed, nothing changed; "
    "4 not\n"
    "found (key, version, store); 5 locked or busy; 6 corruption, named; 7 incompatible; 8 torn "
    "tail or\n"
    "unclean store refused; 9 I/O error; 10 disk full; 11 daemon unreachable; 13 root or content "
    "differs;\n"
    "130 interrupted.\n"
    "Environment: FLATKV_ADDRESS is the default of --address; FLATKV_<SECTION>_<KEY> sets a key of "
    "the\n"
    "configuration.";

class CommandLine {
 public:
  explicit CommandLine(std::string typed)
      : app_("Operates a FlatKV store: one that a daemon serves, or one in a directory.", "flatkv"),
        commands_(&app_, std::move(typed)) {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", "flatkv " + std::string(BuildVersion()));
    app_.footer(kExitCodeHelp);
    RegisterReads(commands_);
    RegisterReplay(commands_);
    RegisterSnapshots(commands_);
    RegisterHistory(commands_);
    RegisterVerify(commands_);
    RegisterState(commands_);
    RegisterWal(commands_);
    RegisterArchive(commands_);
    RegisterRecovery(commands_);
    RegisterConfig(commands_);
    RegisterBackup(commands_);
    RegisterUpkeep(commands_);
  }

  int Run(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) {  // --help, --version
        app_.exit(error);
        return kExitOk;
      }
      return Report(WithHint(InvalidArgument(error.what()), HelpCommand()));
    }
    return Report(Finish(commands_.chosen()()));
  }

 private:
  // The help of the command that was typed last, config check and its like included.
  std::string HelpCommand() const {
    std::string path = "flatkv";
    const CLI::App* app = &app_;
    while (!app->get_subcommands().empty()) {
      app = app->get_subcommands().back();
      path += " " + app->get_name();
    }
    return path + " --help shows what it takes";
  }

  // Output that did not arrive is an error too.
  static Status Finish(const Status& status) {
    if (status.ok() && (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)) {
      return ErrnoStatus("write", "standard output", errno);
    }
    return status;
  }

  int Report(const Status& status) const {
    if (status.ok()) {
      return kExitOk;
    }
    std::fflush(stdout);
    fmt::print(stderr, "{}", RenderError(status, commands_.json()));
    return CommandExitCode(status);
  }

  CLI::App app_;
  CommandSet commands_;
};

}  // namespace

int RunCommandLine(int argc, const char* const* argv) {
  return CommandLine(ShellQuote(argc, argv)).Run(argc, argv);
}

}  // namespace flatkv::cli
