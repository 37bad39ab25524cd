#include "bench/restart_bench.h"

#include <fmt/format.h>

#include "bench/bench_home.h"
#include "bench/clock.h"
#include "bench/commit_run.h"
#include "bench/daemon_driver.h"
#include "bench/daemon_process.h"
#include "bench/killed_child.h"
#include "bench/percentiles.h"
#include "bench/work_json.h"
#include "flatkv/fs/posix_file_system.h"
#include "flatkv/store/store.h"

namespace flatkv::bench {
namespace {

StatusOr<nlohmann::json> RestartLibrary(const RestartBenchOptions& options,
                                        const StoreOptions& store_options, const BenchHome& home) {
  ASSIGN_OR_RETURN(const KilledChild child,
                   CommitInChildAndKill(options.work, home.path(), store_options));
  const Clock::time_point start = Clock::now();
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                   Store::Open(PosixFileSystem(), NullLogger(), home.path(), store_options));
  const double seconds = Seconds(Clock::now() - start);
  const RecoveryInfo& recovery = store->recovery();
  const auto replayed =
      recovery.replayed_from == 0 ? Version{0} : recovery.replayed_to - recovery.replayed_from + 1;
  const double updates_per_block =
      static_cast<double>(child.updates) / static_cast<double>(child.blocks);
  nlohmann::json run = {
      {"open_ms", seconds * 1e3},
      {"version", store->Info().version},
      {"replay_ms", recovery.seconds * 1e3},
      {"replayed_versions", replayed},
      {"replayed_by_undo", recovery.replayed_by_undo},
      {"replay_updates_per_second",
       static_cast<double>(replayed) * updates_per_block / recovery.seconds},
      {"commit_updates_per_second", static_cast<double>(child.updates) / child.seconds},
      {"torn_bytes", recovery.torn_bytes},
      {"working_rebuilt", recovery.working_rebuilt}};
  RETURN_IF_ERROR(store->Close());
  return run;
}

StatusOr<nlohmann::json> RestartDaemon(const RestartBenchOptions& options, const Config& config,
                                       const BenchHome& home) {
  const DaemonOptions daemon_options = {*options.program, Transport::kUnix, config};
  ASSIGN_OR_RETURN(const std::unique_ptr<BlockSource> source, CommitRun::OpenSource(options.work));
  CommitRun run(options.work, *source, std::thread::hardware_concurrency());
  ASSIGN_OR_RETURN(std::unique_ptr<DaemonProcess> daemon,
                   DaemonProcess::Start(home, daemon_options));
  std::unique_ptr<CommitDriver> driver = NewDaemonDriver(
      {.address = daemon->address(), .rpc = Rpc::kStream, .pid = {}}, run.on_committed());
  ASSIGN_OR_RETURN(const nlohmann::json committed,
                   run.Measure(*driver, std::nullopt, CommitRun::AtEnd::kReturn));
  daemon->Kill();
  driver.reset();
  const Clock::time_point start = Clock::now();
  ASSIGN_OR_RETURN(daemon, DaemonProcess::Start(home, daemon_options));
  const double seconds = Seconds(Clock::now() - start);
  const auto after = NewDaemonDriver({.address = daemon->address(), .pid = {}}, {});
  ASSIGN_OR_RETURN(const StoreInfo info, after->Info());
  if (info.version != committed["version"].get<Version>()) {
    return Internal(fmt::format("the daemon came back at version {}, but {} was acknowledged",
                                info.version, committed["version"].get<Version>()));
  }
  RETURN_IF_ERROR(daemon->Stop());
  return nlohmann::json{{"open_ms", seconds * 1e3},
                        {"version", info.version},
                        {"commit_updates_per_second", committed["updates_per_second"]}};
}

// The median of a figure over all runs.
void AddMedian(const char* name, nlohmann::json* result) {
  Percentiles samples;
  for (const nlohmann::json& run : (*result)["runs"]) {
    if (run.contains(name)) {
      samples.Add(run[name].get<double>());
    }
  }
  if (samples.count() > 0) {
    (*result)[name] = samples.At(0.5);
  }
}

}  // namespace

StatusOr<nlohmann::json> RunRestartBench(const RestartBenchOptions& options) {
  if (!options.work.file.has_value()) {
    RETURN_IF_ERROR(ValidateWorkload(options.work.workload));
  }
  ASSIGN_OR_RETURN(const Config config, ResolveSettings(options.settings));
  ASSIGN_OR_RETURN(const std::unique_ptr<BenchHome> home,
                   BenchHome::Create(PosixFileSystem(), options.home, options.keep_home));
  nlohmann::json result;
  for (uint64_t i = 0; i < options.repeats; ++i) {
    RETURN_IF_ERROR(home->RemoveStore());
    ASSIGN_OR_RETURN(nlohmann::json run, options.program.has_value()
                                             ? RestartDaemon(options, config, *home)
                                             : RestartLibrary(options, config.store, *home));
    result["runs"].push_back(std::move(run));
  }
  result["command"] = "restart";
  result["driver"] = options.program.has_value() ? "daemon, started by the benchmark" : "library";
  result["workload"] = DescribeWork(options.work);
  result["settings"] = DescribeSettings(config);
  result["blocks"] = options.work.length.blocks;
  result["repeats"] = options.repeats;
  for (const char* name : {"open_ms", "replay_ms", "replayed_versions", "replay_updates_per_second",
                           "commit_updates_per_second"}) {
    AddMedian(name, &result);
  }
  return result;
}

void PrintRestartResult(const nlohmann::json& result) {
  fmt::print("{}; killed after {} blocks or a few more; medians of {}\n",
             result["driver"].get<std::string>(), result["blocks"].get<uint64_t>(),
             result["repeats"].get<uint64_t>());
  fmt::print("{:>12.1f} ms until the store is open again\n", result["open_ms"].get<double>());
  if (result.contains("replayed_versions")) {
    fmt::print("{:>12.1f} ms of it replaying {:.0f} versions\n", result["replay_ms"].get<double>(),
               result["replayed_versions"].get<double>());
    fmt::print("{:>12.0f} updates/s when they were replayed\n",
               result["replay_updates_per_second"].get<double>());
  }
  fmt::print("{:>12.0f} updates/s when they were committed\n",
             result["commit_updates_per_second"].get<double>());
}

}  // namespace flatkv::bench
