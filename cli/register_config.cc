// config, health, version.
#include <memory>

#include "cli/command_set.h"
#include "cli/config_commands.h"
#include "cli/info_commands.h"

namespace flatkv::cli {
namespace {

void RegisterConfigGroup(CommandSet& commands) {
  const auto file = std::make_shared<std::optional<std::string>>();
  const auto output = std::make_shared<std::string>(kConfigFileName);
  CLI::App* config = commands.AddGroup("config", "Check, write or show a configuration");

  CLI::App* check = commands.Add(
      config, "check", "Read a configuration as the daemon would",
      "Examples:\n  flatkv config check /etc/flatkv/flatkv.toml\n  flatkv config check --json\n"
      "JSON: {file, ok, keys_set}",
      [&commands, file] {
        return RunConfigCheck(file->value_or(kConfigFileName), commands.json());
      });
  check->add_option("file", *file, "Configuration file [flatkv.toml]")->type_name("FILE");

  CLI::App* init = commands.Add(
      config, "init", "Write every key with its default and its meaning",
      "Examples:\n  flatkv config init\n  flatkv config init --output /etc/flatkv/flatkv.toml\n"
      "An existing file is never overwritten. JSON: {file, bytes}",
      [&commands, output] { return RunConfigInit(*output, commands.json()); });
  init->add_option("--output", *output, "File to make; - is standard output [flatkv.toml]")
      ->type_name("FILE");

  CLI::App* show = commands.Add(
      config, "show", "Effective values and where each comes from",
      "Examples:\n  flatkv config show\n  flatkv config show --config flatkv.toml --json\n"
      "JSON: {toml, origins: {key: source}}",
      [&commands, file] { return RunConfigShow(*file, commands.json()); });
  show->add_option("--config", *file, "Configuration file; without it defaults and environment")
      ->type_name("FILE");
}

}  // namespace

void RegisterConfig(CommandSet& commands) {
  RegisterConfigGroup(commands);

  CLI::App* health = commands.Add(
      nullptr, "health", "Ask a daemon whether it serves (for probes)",
      "Examples:\n  flatkv health\n  flatkv health --address unix:/run/flatkv/flatkvd.sock\n"
      "Exit code 0 only if it answers SERVING. JSON: {mode, address, status}",
      [&commands]() -> Status {
        if (commands.target().home.has_value()) {
          return InvalidArgument("health asks a daemon: give --address, not --home");
        }
        ASSIGN_OR_RETURN(const ClientOptions options, ResolveClient(commands.target()));
        return RunHealth(options, commands.json());
      });
  commands.AddTarget(health);

  commands.Add(
      nullptr, "version", "Versions of this program and of what it runs with",
      "Examples:\n  flatkv version\n  flatkv version --json\n"
      "JSON: {version, compiler, leveldb, grpc, protobuf, openssl, hash_kernels: {sha256, blake3}}",
      [&commands] { return RunVersion(commands.json()); });
}

}  // namespace flatkv::cli
