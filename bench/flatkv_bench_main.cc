// flatkv-bench: measures a store on this machine.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <string>

#include "bench/commit_bench.h"
#include "bench/rollback_bench.h"

namespace flatkv::bench {
namespace {

int Main(int argc, char** argv) {
  CLI::App app(
      "Measures FlatKV on this machine.\n\nExample:\n"
      "  flatkv-bench commit --home /tmp/bench --rows 1000000 --updates 10000 --blocks 200 --sync "
      "off\n");
  app.require_subcommand(1);
  CommitBenchOptions options;
  options.store.wal_sync = WalSync::kOff;
  options.store.suite = Suite::kSha256;

  CLI::App* const commit = app.add_subcommand("commit", "commit blocks to a store in this process");
  commit->add_option("--home", options.home, "directory for the store; removed afterwards")
      ->required();
  commit->add_flag("--keep", options.keep_home, "keep the store");
  commit->add_option("--rows", options.workload.rows, "storage rows to preload")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  commit->add_option("--updates", options.workload.updates_per_block, "updates a block")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  commit->add_option("--blocks", options.blocks, "blocks to measure")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  commit->add_option("--warmup", options.warmup_blocks, "blocks before measuring")
      ->capture_default_str();
  commit->add_option("--new", options.workload.new_share, "share of updates that create rows")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  commit->add_option("--delete", options.workload.delete_share, "share of updates that remove rows")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  const std::map<std::string, Distribution> distributions = {{"uniform", Distribution::kUniform},
                                                             {"zipf", Distribution::kZipf}};
  commit->add_option("--dist", options.workload.distribution, "how existing rows are chosen")
      ->transform(CLI::CheckedTransformer(distributions))
      ->default_str("uniform");
  const std::map<std::string, Suite> suites = {{"sha256", Suite::kSha256},
                                               {"blake3", Suite::kBlake3}};
  Suite suite = Suite::kSha256;
  commit->add_option("--suite", suite, "hash suite")
      ->transform(CLI::CheckedTransformer(suites))
      ->default_str("sha256");
  const std::map<std::string, WalSync> syncs = {
      {"always", WalSync::kAlways}, {"interval", WalSync::kInterval}, {"off", WalSync::kOff}};
  commit->add_option("--sync", options.store.wal_sync, "when a commit is acknowledged")
      ->transform(CLI::CheckedTransformer(syncs))
      ->default_str("off");
  commit->add_option("--threads", options.store.threads, "threads that read and hash")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  commit
      ->add_option("--snapshot-every", options.snapshot_every,
                   "blocks between two snapshots; 0 takes none")
      ->capture_default_str();
  commit->add_option("--undo-depth", options.store.undo_depth, "versions with undo records")
      ->capture_default_str();
  commit->add_option("--seed", options.workload.seed, "of the workload")->capture_default_str();
  commit->add_flag("--json", options.json, "one JSON object");

  RollbackBenchOptions rollback_options;
  CLI::App* const rollback =
      app.add_subcommand("rollback", "take snapshots, roll back by undo records and by replay");
  rollback
      ->add_option("--home", rollback_options.home, "directory for the store; removed afterwards")
      ->required();
  rollback->add_option("--rows", rollback_options.workload.rows, "storage rows to preload")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  rollback->add_option("--updates", rollback_options.workload.updates_per_block, "updates a block")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  rollback->add_option("--depth", rollback_options.depth, "blocks to roll back")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  rollback->add_option("--repeats", rollback_options.repeats, "of each measurement")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  rollback->add_option("--suite", suite, "hash suite")
      ->transform(CLI::CheckedTransformer(suites))
      ->default_str("sha256");
  rollback->add_flag("--json", rollback_options.json, "one JSON object");
  CLI11_PARSE(app, argc, argv);

  options.store.suite = suite;
  rollback_options.store = options.store;
  rollback_options.store.snapshot.policy = SnapshotPolicy::kManual;
  const Status status =
      rollback->parsed() ? RunRollbackBench(rollback_options) : RunCommitBench(options);
  if (!status.ok()) {
    std::fprintf(stderr, "flatkv-bench: %s\n", ToString(status).c_str());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace flatkv::bench

int main(int argc, char** argv) { return flatkv::bench::Main(argc, argv); }
