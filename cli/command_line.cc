#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cli/build_info.h"
#include "cli/config_commands.h"
#include "cli/errors.h"
#include "cli/info_commands.h"
#include "cli/read_commands.h"
#include "cli/replay.h"
#include "cli/target.h"
#include "flatkv/fs/path.h"

namespace flatkv::cli {
namespace {

constexpr char kExitCodeHelp[] =
    "Exit codes: 0 ok; 1 unexpected; 2 usage or configuration; 4 not found (key, version, store);\n"
    "5 locked; 6 corruption, named; 7 incompatible; 8 torn tail refused; 9 I/O error; 10 disk "
    "full;\n"
    "11 daemon unreachable; 13 root or content differs; 130 interrupted.\n"
    "Environment: FLATKV_ADDRESS is the default of --address; FLATKV_<SECTION>_<KEY> sets a key of "
    "the\n"
    "configuration.";

// Everything that can be typed; commands read it when they run.
struct Arguments {
  TargetOptions target;
  bool json = false;
  std::optional<Version> at;
  GetOptions get;
  IterateOptions iterate;
  ReplayOptions replay;
  bool stream = false;  // the default, accepted so that a script can say it
  bool unary = false;
  std::optional<std::string> config_file;
  std::string config_output = kConfigFileName;
};

class CommandLine {
 public:
  CommandLine()
      : app_("Operates a FlatKV store: one that a daemon serves, or one in a directory.",
             "flatkv") {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", "flatkv " + std::string(BuildVersion()));
    app_.footer(kExitCodeHelp);
    AddTarget(&app_);
    AddJson(&app_);
    AddReads();
    AddReplay();
    AddConfig();
    AddInfo();
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
    return Report(Finish(command_()));
  }

 private:
  using Body = std::function<Status()>;
  using AccessBody = std::function<Status(StoreAccess&)>;

  CLI::App* Add(CLI::App* parent, const char* name, const char* summary, const char* details,
                Body body) {
    CLI::App* command = parent->add_subcommand(name, summary);
    command->footer(details);
    command->callback([this, body = std::move(body)] { command_ = body; });
    AddJson(command);
    return command;
  }

  // A command that needs a store.
  CLI::App* AddOnStore(const char* name, const char* summary, const char* details,
                       IfMissing if_missing, AccessBody body) {
    CLI::App* command =
        Add(&app_, name, summary, details, [this, if_missing, body = std::move(body)]() -> Status {
          ASSIGN_OR_RETURN(const std::unique_ptr<StoreAccess> access,
                           OpenTarget(arguments_.target, if_missing));
          const Status status = body(*access);
          const Status closed = access->Close();
          return status.ok() ? closed : status;
        });
    AddTarget(command);
    return command;
  }

  void AddTarget(CLI::App* command) {
    TargetOptions& target = arguments_.target;
    command
        ->add_option("--address", target.address,
                     "Daemon to ask: unix:PATH or HOST:PORT [127.0.0.1:7450]")
        ->type_name("ADDR");
    command
        ->add_option("--home", target.home,
                     "Work offline on the store in DIR, which no daemon has open")
        ->type_name("DIR");
    command
        ->add_option("--config", target.config, "With --home: configuration file [DIR/flatkv.toml]")
        ->type_name("FILE");
    command
        ->add_option("--timeout", target.timeout_seconds,
                     "Seconds that a call to the daemon may take [30]")
        ->type_name("SECONDS")
        ->check(CLI::Range(int64_t{1}, int64_t{86400}));
  }

  void AddJson(CLI::App* command) {
    command->add_flag("--json", arguments_.json, "Machine-readable output and errors");
  }

  void AddReads();
  void AddReplay();
  void AddConfig();
  void AddInfo();

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
    fmt::print(stderr, "{}", RenderError(status, arguments_.json));
    return CommandExitCode(status);
  }

  CLI::App app_;
  Arguments arguments_;
  Body command_;
};

void CommandLine::AddReads() {
  AddOnStore("status", "What the store holds and how it is",
             "Examples:\n  flatkv status\n  flatkv status --home /var/lib/flatkv --json\n"
             "JSON: {mode, address or home, version, root, suite, store_id, initial_version, "
             "oldest_version,\n"
             "pending_version, wal_sync, poisoned, poison_reason, build, data_dbs: {account: "
             "{rows, bytes,\n"
             "checksum} ...}, recovery (offline)}",
             IfMissing::kFail,
             [this](StoreAccess& access) { return RunStatus(access, arguments_.json); });

  CLI::App* root = AddOnStore(
      "root", "The root at the head or at a version",
      "Examples:\n  flatkv root\n  flatkv root --at 1200 --json\nJSON: {mode, version, root}",
      IfMissing::kFail,
      [this](StoreAccess& access) { return RunRoot(access, arguments_.at, arguments_.json); });
  root->add_option("--at", arguments_.at, "Version")->type_name("V")->check(CLI::PositiveNumber);

  CLI::App* get = AddOnStore(
      "get", "One value at the head; exit code 4 when the key is absent",
      "Examples:\n  flatkv get bank 0214d8da6bf26964af9d7eed9e03e53415d37aa96045776569\n"
      "  flatkv get evm 0ad8da6bf26964af9d7eed9e03e53415d37aa96045 --json\n"
      "JSON: {mode, version, module, key, value}",
      IfMissing::kFail,
      [this](StoreAccess& access) { return RunGet(access, arguments_.get, arguments_.json); });
  get->add_option("module", arguments_.get.module, "Module name, such as evm")->required();
  get->add_option("key", arguments_.get.key_hex, "Key, hexadecimal")
      ->required()
      ->type_name("KEYHEX");
  get->add_flag("--raw", arguments_.get.raw, "Write the value's bytes and nothing else");

  CLI::App* iterate =
      AddOnStore("iterate", "A module's pairs in key order at the head",
                 "Examples:\n  flatkv iterate bank --limit 10\n  flatkv iterate evm --start 03 "
                 "--end 04 --reverse --json\n"
                 "JSON: a line {key, value} for each pair, then {mode, version, pairs}",
                 IfMissing::kFail, [this](StoreAccess& access) {
                   return RunIterate(access, arguments_.iterate, arguments_.json);
                 });
  iterate->add_option("module", arguments_.iterate.module, "Module name, such as bank")->required();
  iterate->add_option("--start", arguments_.iterate.start_hex, "First key")->type_name("HEX");
  iterate->add_option("--end", arguments_.iterate.end_hex, "Key to stop before")->type_name("HEX");
  iterate->add_flag("--reverse", arguments_.iterate.reverse, "From the highest key down");
  iterate->add_option("--limit", arguments_.iterate.limit, "At most N pairs; 0: all [0]")
      ->type_name("N");

  AddOnStore(
      "verify", "Recompute every hash from the rows (offline)",
      "Examples:\n  flatkv verify --home /var/lib/flatkv\n  flatkv verify --home ./run --json\n"
      "JSON: that of status, and ok",
      IfMissing::kFail, [this](StoreAccess& access) { return RunVerify(access, arguments_.json); });
}

void CommandLine::AddReplay() {
  CLI::App* replay = AddOnStore(
      "replay", "Commit the versions of a change-log file",
      "Examples:\n  flatkv replay blocks.jsonl --expect-roots blocks.roots\n"
      "  zcat blocks.jsonl.gz | flatkv replay - --home ./run --json > roots.jsonl\n"
      "A line of FILE is "
      "{\"version\":1,\"changesets\":[{\"name\":\"evm\",\"pairs\":[{\"key\":HEX,\"value\":HEX} or\n"
      "{\"key\":HEX,\"delete\":true}]}]}. Repeating a replay is safe: what is committed is only "
      "confirmed.\n"
      "With --home it makes the store if there is none. JSON: a line {version, root} for each "
      "version.",
      IfMissing::kCreate, [this](StoreAccess& access) {
        arguments_.replay.style = arguments_.unary ? CommitStyle::kUnary : CommitStyle::kStream;
        return RunReplay(access, arguments_.replay, arguments_.json);
      });
  ReplayOptions& options = arguments_.replay;
  replay->add_option("file", options.file, "Change-log file (JSON lines); - is standard input")
      ->required()
      ->type_name("FILE");
  replay->add_option("--from", options.from, "First version to send")->type_name("V");
  replay->add_option("--to", options.to, "Last version to send")->type_name("V");
  CLI::Option* unary =
      replay->add_flag("--unary", arguments_.unary, "One CommitBlock call a version");
  replay->add_flag("--stream", arguments_.stream, "One CommitStream for all versions (the default)")
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

void CommandLine::AddConfig() {
  CLI::App* config = app_.add_subcommand("config", "Check, write or show a configuration");
  config->require_subcommand(1);

  CLI::App* check = Add(
      config, "check", "Read a configuration as the daemon would",
      "Examples:\n  flatkv config check /etc/flatkv/flatkv.toml\n  flatkv config check --json\n"
      "JSON: {file, ok, keys_set}",
      [this] {
        return RunConfigCheck(arguments_.config_file.value_or(kConfigFileName), arguments_.json);
      });
  check->add_option("file", arguments_.config_file, "Configuration file [flatkv.toml]")
      ->type_name("FILE");

  CLI::App* init =
      Add(config, "init", "Write every key with its default and its meaning",
          "Examples:\n  flatkv config init\n  flatkv config init --output /etc/flatkv/flatkv.toml\n"
          "An existing file is never overwritten. JSON: {file, bytes}",
          [this] { return RunConfigInit(arguments_.config_output, arguments_.json); });
  init->add_option("--output", arguments_.config_output,
                   "File to make; - is standard output [flatkv.toml]")
      ->type_name("FILE");

  CLI::App* show =
      Add(config, "show", "Effective values and where each comes from",
          "Examples:\n  flatkv config show\n  flatkv config show --config flatkv.toml --json\n"
          "JSON: {toml, origins: {key: source}}",
          [this] { return RunConfigShow(arguments_.config_file, arguments_.json); });
  show->add_option("--config", arguments_.config_file,
                   "Configuration file; without it defaults and environment")
      ->type_name("FILE");
}

void CommandLine::AddInfo() {
  CLI::App* health =
      Add(&app_, "health", "Ask a daemon whether it serves (for probes)",
          "Examples:\n  flatkv health\n  flatkv health --address unix:/run/flatkv/flatkvd.sock\n"
          "Exit code 0 only if it answers SERVING. JSON: {mode, address, status}",
          [this]() -> Status {
            if (arguments_.target.home.has_value()) {
              return InvalidArgument("health asks a daemon: give --address, not --home");
            }
            ASSIGN_OR_RETURN(const ClientOptions options, ResolveClient(arguments_.target));
            return RunHealth(options, arguments_.json);
          });
  AddTarget(health);

  Add(&app_, "version", "Versions of this program and of what it runs with",
      "Examples:\n  flatkv version\n  flatkv version --json\n"
      "JSON: {version, compiler, leveldb, grpc, protobuf, openssl, hash_kernels: {sha256, blake3}}",
      [this] { return RunVersion(arguments_.json); });
}

}  // namespace

int RunCommandLine(int argc, const char* const* argv) { return CommandLine().Run(argc, argv); }

}  // namespace flatkv::cli
