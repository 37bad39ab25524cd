#include "bench/rollback_bench.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "bench/bench_home.h"
#include "bench/clock.h"
#include "bench/percentiles.h"
#include "bench/work_json.h"
#include "flatkv/fs/posix_file_system.h"
#include "flatkv/store/store.h"

namespace flatkv::bench {
namespace {

class RollbackBench {
 public:
  RollbackBench(Store& store, const RollbackBenchOptions& options)
      : store_(store), options_(options), workload_(options.workload) {}

  StatusOr<nlohmann::json> Run() {
    for (uint64_t i = 0; i < workload_.preload_blocks(); ++i) {
      workload_.NextPreload(&block_);
      RETURN_IF_ERROR(Commit());
    }
    RETURN_IF_ERROR(store_.Flush());
    for (uint64_t i = 0; i < options_.repeats; ++i) {
      RETURN_IF_ERROR(Measure());
    }
    nlohmann::json result;
    result["command"] = "rollback";
    result["workload"] = DescribeWorkload(options_.workload);
    result["depth"] = options_.depth;
    result["repeats"] = options_.repeats;
    result["snapshot_ms"] = snapshot_.At(0.5);
    result["snapshot_files"] = files_;
    result["snapshot_mib"] = mib_;
    result["undo_ms"] = undo_.At(0.5);
    result["replay_ms"] = replay_.At(0.5);
    result["recent_view_ms"] = view_.At(0.5);
    return result;
  }

 private:
  Status Commit() { return store_.CommitBlock(++version_, block_.changes).status(); }
  Status CommitNext() {
    workload_.NextBlock(&block_);
    return Commit();
  }

  Status Measure() {
    // A block first, so that the snapshot is of a version of its own and has something to flush.
    RETURN_IF_ERROR(CommitNext());
    ASSIGN_OR_RETURN(const SnapshotSummary snapshot, store_.admin().CreateSnapshot());
    snapshot_.Add(store_.admin().Retention().activity.last_seconds * 1e3);
    files_ = snapshot.manifest.files.size();
    mib_ = static_cast<double>(snapshot.manifest.TotalBytes()) / (1 << 20);
    const Version base = version_;
    for (const RollbackChoice choice : {RollbackChoice::kUndo, RollbackChoice::kReplay}) {
      for (uint64_t i = 0; i < options_.depth; ++i) {
        RETURN_IF_ERROR(CommitNext());
      }
      const Clock::time_point start = Clock::now();
      RETURN_IF_ERROR(store_.ViewAt(base + 1).status());
      view_.Add(Milliseconds(Clock::now() - start));
      ASSIGN_OR_RETURN(const RollbackResult result, store_.admin().Rollback(base, choice));
      (choice == RollbackChoice::kUndo ? undo_ : replay_).Add(result.seconds * 1e3);
      version_ = base;
    }
    return OkStatus();
  }

  Store& store_;
  const RollbackBenchOptions& options_;
  Workload workload_;
  Block block_;
  Version version_ = 0;
  Percentiles snapshot_;
  Percentiles undo_;
  Percentiles replay_;
  Percentiles view_;
  size_t files_ = 0;
  double mib_ = 0;
};

}  // namespace

StatusOr<nlohmann::json> RunRollbackBench(const RollbackBenchOptions& options) {
  RETURN_IF_ERROR(ValidateWorkload(options.workload));
  ASSIGN_OR_RETURN(const Config config, ResolveSettings(options.settings));
  if (config.store.undo_depth < options.depth) {
    return InvalidArgument(
        fmt::format("rolling back {} blocks by undo records needs --set rollback.undo-depth of at "
                    "least that, not {}",
                    options.depth, config.store.undo_depth));
  }
  FileSystem& fs = PosixFileSystem();
  ASSIGN_OR_RETURN(const std::unique_ptr<BenchHome> home,
                   BenchHome::Create(fs, options.home, options.keep_home));
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                   Store::Open(fs, NullLogger(), home->path(), config.store));
  ASSIGN_OR_RETURN(nlohmann::json result, RollbackBench(*store, options).Run());
  RETURN_IF_ERROR(store->Close());
  result["settings"] = DescribeSettings(config);
  return result;
}

void PrintRollbackResult(const nlohmann::json& result) {
  const auto line = [&](const char* name, const std::string& what) {
    fmt::print("{:>10.1f} ms {}\n", result[name].get<double>(), what);
  };
  fmt::print("{} rows; medians of {}\n", result["workload"]["rows"].get<uint64_t>(),
             result["repeats"].get<uint64_t>());
  line("snapshot_ms",
       fmt::format("a snapshot ({} files, {:.0f} MiB)", result["snapshot_files"].get<size_t>(),
                   result["snapshot_mib"].get<double>()));
  line("undo_ms", fmt::format("back over {} blocks of {} updates by undo records",
                              result["depth"].get<uint64_t>(),
                              result["workload"]["updates_per_block"].get<uint64_t>()));
  line("replay_ms", "by clone and replay");
  line("recent_view_ms",
       fmt::format("to open a view {} versions back", result["depth"].get<uint64_t>() - 1));
}

}  // namespace flatkv::bench
