#include "bench/commit_bench.h"

#include <fmt/format.h>

#include "bench/bench_home.h"
#include "bench/commit_run.h"
#include "bench/library_driver.h"
#include "flatkv/fs/posix_file_system.h"

namespace flatkv::bench {
namespace {

StatusOr<nlohmann::json> RunLibrary(const CommitBenchOptions& options, const Config& config,
                                    BlockSource& source) {
  ASSIGN_OR_RETURN(const std::unique_ptr<BenchHome> home,
                   BenchHome::Create(PosixFileSystem(), options.home, options.keep_home));
  CommitRun run(options.work, source, config.store.threads + config.store.background_threads);
  ASSIGN_OR_RETURN(
      const std::unique_ptr<CommitDriver> driver,
      NewLibraryDriver(PosixFileSystem(), home->path(), config.store, run.on_committed()));
  ASSIGN_OR_RETURN(nlohmann::json result, run.Measure(*driver, options.series));
  RETURN_IF_ERROR(driver->Close());
  result["disk_mib"] = static_cast<double>(home->DiskBytes()) / (1 << 20);
  result["driver"] = "library";
  return result;
}

DaemonTarget TargetOf(const DaemonChoice& choice) {
  DaemonTarget target;
  target.rpc = choice.rpc;
  target.window = choice.window;
  return target;
}

StatusOr<nlohmann::json> RunStartedDaemon(const CommitBenchOptions& options, const Config& config,
                                          BlockSource& source) {
  ASSIGN_OR_RETURN(const std::unique_ptr<BenchHome> home,
                   BenchHome::Create(PosixFileSystem(), options.home, options.keep_home));
  ASSIGN_OR_RETURN(
      const std::unique_ptr<DaemonProcess> daemon,
      DaemonProcess::Start(*home, {*options.daemon.program, options.daemon.transport, config}));
  // One more thread than the store's: the client.
  CommitRun run(options.work, source, config.store.threads + config.store.background_threads + 1);
  DaemonTarget target = TargetOf(options.daemon);
  target.address = daemon->address();
  target.pid = daemon->pid();
  const std::unique_ptr<CommitDriver> driver = NewDaemonDriver(target, run.on_committed());
  ASSIGN_OR_RETURN(nlohmann::json result, run.Measure(*driver, options.series));
  RETURN_IF_ERROR(driver->Close());
  RETURN_IF_ERROR(daemon->Stop());
  result["disk_mib"] = static_cast<double>(home->DiskBytes()) / (1 << 20);
  result["driver"] = "daemon, started by the benchmark";
  return result;
}

StatusOr<nlohmann::json> RunRunningDaemon(const CommitBenchOptions& options, BlockSource& source) {
  CommitRun run(options.work, source, std::thread::hardware_concurrency());
  DaemonTarget target = TargetOf(options.daemon);
  target.address = *options.daemon.address;
  const std::unique_ptr<CommitDriver> driver = NewDaemonDriver(target, run.on_committed());
  ASSIGN_OR_RETURN(const StoreInfo info, driver->Info());
  if (info.version != 0 && !options.daemon.append) {
    return FailedPrecondition(fmt::format(
        "the store of the daemon at {} is at version {}: a benchmark would add made-up rows to it. "
        "Start a daemon on an empty home, or add --append if that is what you want",
        target.address, info.version));
  }
  ASSIGN_OR_RETURN(nlohmann::json result, run.Measure(*driver, options.series));
  RETURN_IF_ERROR(driver->Close());
  result["driver"] = "daemon, running";
  return result;
}

}  // namespace

StatusOr<nlohmann::json> RunCommitBench(const CommitBenchOptions& options) {
  const bool has_settings =
      options.settings.config_file.has_value() || !options.settings.sets.empty();
  if (options.daemon.address.has_value() && (has_settings || options.daemon.program.has_value())) {
    return InvalidArgument(
        "--daemon names a daemon that runs with options of its own: no option "
        "of the store, and no --flatkvd, goes with it");
  }
  ASSIGN_OR_RETURN(const Config config, ResolveSettings(options.settings));
  ASSIGN_OR_RETURN(const std::unique_ptr<BlockSource> source, CommitRun::OpenSource(options.work));
  StatusOr<nlohmann::json> result =
      options.daemon.address.has_value()   ? RunRunningDaemon(options, *source)
      : options.daemon.program.has_value() ? RunStartedDaemon(options, config, *source)
                                           : RunLibrary(options, config, *source);
  if (result.ok()) {
    (*result)["command"] = "commit";
    if (!options.daemon.address.has_value()) {
      (*result)["settings"] = DescribeSettings(config);
    }
  }
  return result;
}

}  // namespace flatkv::bench
