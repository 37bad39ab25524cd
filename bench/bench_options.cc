#include "bench/bench_options.h"

#include <map>
#include <vector>

namespace flatkv::bench {
namespace {

template <typename T>
CLI::Option* AddChoice(CLI::App* command, const std::string& name, T* value,
                       const std::map<std::string, T>& choices, const std::string& description) {
  std::string names;
  std::string chosen;
  for (const auto& [each, number] : choices) {
    names += (names.empty() ? "" : "|") + each;
    chosen = number == *value ? each : chosen;
  }
  return command->add_option(name, *value, description)
      ->transform(CLI::CheckedTransformer(choices).description(""))
      ->type_name(names)
      ->default_str(chosen);
}

// A shorthand for --set KEY=value.
CLI::Option* AddSetting(CLI::App* command, const std::string& name, const std::string& key,
                        StoreSettings* settings, const std::string& description) {
  return command->add_option_function<std::string>(
      name,
      [key, settings](const std::string& value) { settings->sets.push_back(key + "=" + value); },
      description + "; short for --set " + key + "=");
}

CLI::Option* AddCount(CLI::App* command, const std::string& name, uint64_t* value,
                      const std::string& description) {
  return command->add_option(name, *value, description)
      ->check(CLI::PositiveNumber.description(""))
      ->type_name("N")
      ->capture_default_str();
}

CLI::Option* AddShare(CLI::App* command, const std::string& name, double* value,
                      const std::string& description) {
  return command->add_option(name, *value, description)
      ->check(CLI::Range(0.0, 1.0).description(""))
      ->type_name("0..1")
      ->capture_default_str();
}

}  // namespace

void AddHomeOptions(CLI::App* command, bool required, std::string* home, bool* keep) {
  command
      ->add_option("--home", *home,
                   "directory to work in: absent or empty, and so again afterwards")
      ->type_name("DIR")
      ->required(required);
  command->add_flag("--keep", *keep, "leave in the home what the run has made");
}

void AddWorkloadOptions(CLI::App* command, WorkloadOptions* workload) {
  command->option_defaults()->group("Workload");
  AddCount(command, "--rows", &workload->rows, "rows to preload");
  AddCount(command, "--updates", &workload->updates_per_block, "updates a block");
  AddShare(command, "--new", &workload->new_share, "share of the updates that create rows");
  AddShare(command, "--delete", &workload->delete_share, "share of the updates that remove rows");
  AddChoice<Distribution>(command, "--dist", &workload->choice.distribution,
                          {{"uniform", Distribution::kUniform}, {"zipf", Distribution::kZipf}},
                          "how existing rows are chosen");
  AddShare(command, "--zipf-exponent", &workload->choice.zipf_exponent, "of --dist zipf");
  AddShare(command, "--hot-share", &workload->choice.hot_share,
           "share of the choices that go to a hot set");
  command->add_option("--hot-keys", workload->choice.hot_rows, "rows of the hot set")
      ->type_name("N")
      ->capture_default_str();
  AddChoice<Shape>(command, "--shape", &workload->shape,
                   {{"storage", Shape::kStorage}, {"mixed", Shape::kMixed}},
                   "storage slots only, or also nonces, code hashes, byte code and balances");
  command->add_option("--seed", workload->seed, "the same seed gives the same bytes")
      ->type_name("N")
      ->capture_default_str();
  command->option_defaults()->group("Options");
}

void AddRunOptions(CLI::App* command, WorkOptions* work) {
  command->option_defaults()->group("Run");
  command
      ->add_option("--file", work->file,
                   "a change-set file (flatkv-bench generate) instead of the workload")
      ->type_name("FILE");
  command
      ->add_option("--file-preload", work->file_preload_blocks,
                   "versions of the file that are the preload")
      ->type_name("N");
  AddCount(command, "--blocks", &work->length.blocks, "blocks to measure");
  command->add_option("--warmup", work->length.warmup_blocks, "blocks before measuring")
      ->type_name("N")
      ->capture_default_str();
  AddChoice<Generate>(
      command, "--generate", &work->generate,
      {{"auto", Generate::kAuto},
       {"before", Generate::kBefore},
       {"between", Generate::kBetween},
       {"thread", Generate::kThread}},
      "make blocks before the run (in memory, not with --duration), on a thread of their own, or "
      "between two blocks; auto: a thread if the store's threads leave a core free");
  command->option_defaults()->group("Options");
}

void AddStoreOptions(CLI::App* command, StoreSettings* settings) {
  command->option_defaults()->group("Store");
  command
      ->add_option("--config", settings->config_file,
                   "a flatkv.toml; without it the daemon's defaults, but wal.sync=off and no "
                   "snapshots")
      ->type_name("FILE");
  AddSetting(command, "--suite", "store.suite", settings, "sha256 or blake3")->type_name("NAME");
  AddSetting(command, "--sync", "wal.sync", settings, "always, interval or off")->type_name("WHEN");
  AddSetting(command, "--threads", "store.threads", settings,
             "threads that find rows in memory and hash")
      ->type_name("N");
  command
      ->add_option_function<uint64_t>(
          "--snapshot-every",
          [settings](uint64_t blocks) {
            settings->sets.push_back("snapshot.policy=interval");
            settings->sets.push_back("snapshot.interval=" + std::to_string(blocks));
          },
          "blocks between two snapshots, taken beside the commits")
      ->check(CLI::PositiveNumber.description(""))
      ->type_name("N");
  AddSetting(command, "--undo-depth", "rollback.undo-depth", settings, "versions with undo records")
      ->type_name("N");
  command
      ->add_option_function<std::vector<std::string>>(
          "--set",
          [settings](const std::vector<std::string>& sets) {
            settings->sets.insert(settings->sets.end(), sets.begin(), sets.end());
          },
          "any key of flatkv.toml, as in cache.block-bytes=1GiB; may be repeated, and comes last")
      ->type_name("SECTION.KEY=VALUE")
      ->allow_extra_args(false);
  command->option_defaults()->group("Options");
}

void AddDaemonOptions(CLI::App* command, DaemonChoice* daemon) {
  command->option_defaults()->group("Daemon");
  command
      ->add_option("--flatkvd", daemon->program, "start this daemon on the home, and commit to it")
      ->type_name("PROGRAM");
  AddChoice<Transport>(command, "--transport", &daemon->transport,
                       {{"unix", Transport::kUnix}, {"tcp", Transport::kTcp}},
                       "where the started daemon listens");
  command->add_option("--daemon", daemon->address, "commit to a running daemon")
      ->type_name("unix:PATH|HOST:PORT");
  command->add_flag("--append", daemon->append,
                    "allow a running daemon whose store holds versions: made-up rows are added");
  AddChoice<Rpc>(command, "--rpc", &daemon->rpc, {{"unary", Rpc::kUnary}, {"stream", Rpc::kStream}},
                 "a call for each block, or a stream");
  command->add_option("--window", daemon->window, "blocks of a stream sent and not yet answered")
      ->check(CLI::PositiveNumber.description(""))
      ->type_name("N")
      ->capture_default_str();
  command->option_defaults()->group("Options");
}

}  // namespace flatkv::bench
