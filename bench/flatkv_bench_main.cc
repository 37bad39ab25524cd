// flatkv-bench: measures a store on this machine.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <string>

#include "bench/bench_options.h"
#include "bench/commit_bench.h"
#include "bench/generate.h"
#include "bench/limit_bench.h"
#include "bench/restart_bench.h"
#include "bench/rollback_bench.h"
#include "flatkv/base/exit_codes.h"

namespace flatkv::bench {
namespace {

constexpr char kFooter[] = R"(Examples:
  flatkv-bench commit --home /data/bench --rows 1000000 --updates 10000 --blocks 200 --suite blake3
  flatkv-bench commit --home /data/bench --duration 600 --series --sync always --shape mixed
  flatkv-bench commit --home /data/bench --flatkvd ./flatkvd --rpc stream --window 8
  flatkv-bench generate --out blocks.pb --rows 100000 --dist zipf --hot-share 0.9 --hot-keys 1000
  flatkv-bench commit --home /data/bench --file blocks.pb --file-preload 2
  flatkv-bench restart --home /data/bench
  flatkv-bench limit --home /data/bench --suite blake3

The home is on the disk to measure. It is absent or empty before a run, and again afterwards; nothing
else is touched. Every workload is a function of its options and seed. Each command has more options:
flatkv-bench COMMAND --help. Results: docs/performance.md, "The bench tool".
Exit codes are those of flatkv: 0 done, 1 unexpected, 2 command line, 6 damaged file, 9 I/O error.)";

// One subcommand: what it runs, and how its result is shown.
struct Command {
  CLI::App* app;
  std::function<StatusOr<nlohmann::json>()> run;
  void (*print)(const nlohmann::json&);
};

Command AddCommit(CLI::App* app, CommitBenchOptions* options) {
  CLI::App* const command = app->add_subcommand(
      "commit", "commit blocks: throughput, latency, phases, CPU, disk, memory");
  AddHomeOptions(command, false, &options->home, &options->keep_home);
  AddWorkloadOptions(command, &options->work.workload);
  AddRunOptions(command, &options->work);
  command
      ->add_option_function<int64_t>(
          "--duration",
          [options](int64_t seconds) {
            options->work.length.duration = std::chrono::seconds(seconds);
          },
          "measure this long instead of --blocks")
      ->check(CLI::PositiveNumber.description(""))
      ->type_name("SECONDS")
      ->group("Run");
  command
      ->add_option_function<int64_t>(
          "--series",
          [options](int64_t seconds) { options->series = std::chrono::seconds(seconds); },
          "also throughput and latencies of every interval, of 10 seconds unless named")
      ->check(CLI::PositiveNumber.description(""))
      ->expected(0, 1)
      ->default_str("10")
      ->type_name("SECONDS")
      ->group("Run");
  AddStoreOptions(command, &options->settings);
  AddDaemonOptions(command, &options->daemon);
  return {command, [options] { return RunCommitBench(*options); }, PrintCommitResult};
}

Command AddRestart(CLI::App* app, RestartBenchOptions* options) {
  CLI::App* const command = app->add_subcommand(
      "restart", "kill -9 a process that commits, and time until the store is open again");
  AddHomeOptions(command, true, &options->home, &options->keep_home);
  AddWorkloadOptions(command, &options->work.workload);
  AddRunOptions(command, &options->work);
  command->add_option("--repeats", options->repeats, "kills; the figures are medians")
      ->check(CLI::PositiveNumber.description(""))
      ->type_name("N")
      ->group("Run")
      ->capture_default_str();
  AddStoreOptions(command, &options->settings);
  command
      ->add_option("--flatkvd", options->program,
                   "kill and restart this daemon instead of a process of the library")
      ->type_name("PROGRAM")
      ->group("Daemon");
  return {command, [options] { return RunRestartBench(*options); }, PrintRestartResult};
}

Command AddRollback(CLI::App* app, RollbackBenchOptions* options) {
  CLI::App* const command = app->add_subcommand(
      "rollback", "time a snapshot, and rolling back by undo records and by replay");
  AddHomeOptions(command, true, &options->home, &options->keep_home);
  AddWorkloadOptions(command, &options->workload);
  command->add_option("--depth", options->depth, "blocks to roll back")
      ->check(CLI::PositiveNumber.description(""))
      ->type_name("N")
      ->group("Run")
      ->capture_default_str();
  command->add_option("--repeats", options->repeats, "of each measurement")
      ->check(CLI::PositiveNumber.description(""))
      ->type_name("N")
      ->group("Run")
      ->capture_default_str();
  AddStoreOptions(command, &options->settings);
  return {command, [options] { return RunRollbackBench(*options); }, PrintRollbackResult};
}

Command AddLimit(CLI::App* app, LimitBenchOptions* options) {
  CLI::App* const command = app->add_subcommand(
      "limit", "the same blocks through a store and through its parts alone: how far is the whole");
  AddHomeOptions(command, true, &options->home, &options->keep_home);
  AddWorkloadOptions(command, &options->work.workload);
  AddRunOptions(command, &options->work);
  command->add_option("--hash-blocks", options->hash_blocks, "blocks for the hash kernels")
      ->check(CLI::PositiveNumber.description(""))
      ->type_name("N")
      ->group("Run")
      ->capture_default_str();
  AddStoreOptions(command, &options->settings);
  return {command, [options] { return RunLimitBench(*options); }, PrintLimitResult};
}

Command AddGenerate(CLI::App* app, GenerateOptions* options) {
  CLI::App* const command = app->add_subcommand(
      "generate",
      "write a workload to a change-set file: ChangelogEntry messages with their lengths");
  command->add_option("--out", options->path, "the new file")->type_name("FILE")->required();
  AddWorkloadOptions(command, &options->workload);
  command->add_option("--blocks", options->blocks, "blocks after those of the preload")
      ->check(CLI::PositiveNumber.description(""))
      ->type_name("N")
      ->capture_default_str();
  return {command, [options] { return RunGenerate(*options); }, PrintGenerateResult};
}

Command AddDescribe(CLI::App* app, std::string* path) {
  CLI::App* const command =
      app->add_subcommand("describe", "read a change-set file, check it and say what is in it");
  command->add_option("FILE", *path, "the change-set file")->required();
  return {command, [path] { return DescribeFile(*path); }, PrintFileDescription};
}

int Run(const Command& command, bool json) {
  const StatusOr<nlohmann::json> result = command.run();
  if (!result.ok()) {
    std::fprintf(stderr, "flatkv-bench: %s\n", std::string(MessageOf(result.status())).c_str());
    return ExitCodeOf(result.status());
  }
  if (json) {
    fmt::print("{}\n", result->dump());
  } else {
    command.print(*result);
  }
  return kExitOk;
}

int Main(int argc, char** argv) {
  CLI::App app("flatkv-bench: measures FlatKV on this machine.", "flatkv-bench");
  app.require_subcommand(1);
  app.footer(kFooter);
  CommitBenchOptions commit;
  RestartBenchOptions restart;
  RollbackBenchOptions rollback;
  LimitBenchOptions limit;
  GenerateOptions generate;
  std::string described;
  const Command commands[] = {AddCommit(&app, &commit),     AddRestart(&app, &restart),
                              AddRollback(&app, &rollback), AddLimit(&app, &limit),
                              AddGenerate(&app, &generate), AddDescribe(&app, &described)};
  bool json = false;
  for (const Command& command : commands) {
    command.app->add_flag("--json", json, "the result as one JSON object");
    command.app->footer("");
  }
  try {
    app.parse(argc, argv);
    if (commit.home.empty() && !commit.daemon.address.has_value() && commands[0].app->parsed()) {
      throw CLI::RequiredError("--home DIR, or --daemon for a running one,");
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  for (const Command& command : commands) {
    if (command.app->parsed()) {
      return Run(command, json);
    }
  }
  return kExitUsage;
}

}  // namespace
}  // namespace flatkv::bench

int main(int argc, char** argv) { return flatkv::bench::Main(argc, argv); }
