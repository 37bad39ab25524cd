#include "bench/commit_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>

#include "bench/percentiles.h"
#include "bench/process_usage.h"
#include "flatkv/base/hex.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/fs/posix_file_system.h"
#include "flatkv/store/store.h"

namespace flatkv::bench {
namespace {

using Clock = std::chrono::steady_clock;

double Milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

struct Phase {
  const char* name;
  std::chrono::nanoseconds CommitTimings::*member;
  Percentiles samples;
};

class Measurement {
 public:
  void Add(const CommitTimings& timings, std::chrono::nanoseconds block) {
    total_.Add(Milliseconds(block));
    for (Phase& phase : phases_) {
      phase.samples.Add(Milliseconds(timings.*phase.member));
    }
  }

  nlohmann::json Latencies() {
    nlohmann::json json;
    json["block"] = Summary(total_);
    for (Phase& phase : phases_) {
      json[phase.name] = Summary(phase.samples);
    }
    return json;
  }

 private:
  static nlohmann::json Summary(Percentiles& samples) {
    return {{"p50_ms", samples.At(0.5)}, {"p99_ms", samples.At(0.99)}, {"max_ms", samples.Max()}};
  }

  Percentiles total_;
  std::array<Phase, 6> phases_ = {{{"classify", &CommitTimings::classify, {}},
                                   {"rows", &CommitTimings::rows, {}},
                                   {"log", &CommitTimings::log, {}},
                                   {"sync", &CommitTimings::sync, {}},
                                   {"publish", &CommitTimings::publish, {}},
                                   {"wait", &CommitTimings::wait, {}}}};
};

void PrintText(const nlohmann::json& result) {
  fmt::print("suite {}, kernel {}, sync {}, {} threads\n", result["suite"].get<std::string>(),
             result["kernel"].get<std::string>(), result["sync"].get<std::string>(),
             result["threads"].get<size_t>());
  fmt::print("{} rows preloaded in {:.1f} s; {} blocks of {} updates\n",
             result["rows"].get<uint64_t>(), result["preload_seconds"].get<double>(),
             result["blocks"].get<uint64_t>(), result["updates_per_block"].get<uint64_t>());
  fmt::print(
      "{:>12.0f} updates/s, commits only\n{:>12.0f} updates/s, until the data DBs hold the last "
      "block\n",
      result["updates_per_second"].get<double>(),
      result["updates_per_second_drained"].get<double>());
  fmt::print(
      "{:>12.2f} us CPU an update, {:.0f} bytes written an update, {:.0f} MiB resident at most, "
      "{:.0f} MiB on disk\n",
      result["cpu_us_per_update"].get<double>(), result["bytes_written_per_update"].get<double>(),
      result["resident_mib_peak"].get<double>(), result["disk_mib"].get<double>());
  fmt::print("{:>12} {:>9} {:>9} {:>9}\n", "ms a block", "p50", "p99", "max");
  for (const auto& [name, summary] : result["latency"].items()) {
    fmt::print("{:>12} {:>9.3f} {:>9.3f} {:>9.3f}\n", name, summary["p50_ms"].get<double>(),
               summary["p99_ms"].get<double>(), summary["max_ms"].get<double>());
  }
  if (result["snapshots"].get<uint64_t>() > 0) {
    fmt::print("{} snapshots taken, {} failed; the last one took {:.0f} ms\n",
               result["snapshots"].get<uint64_t>(), result["snapshots_failed"].get<uint64_t>(),
               result["last_snapshot_ms"].get<double>());
  }
  fmt::print("root {} at version {}\n", result["root"].get<std::string>(),
             result["version"].get<Version>());
}

StatusOr<nlohmann::json> Measure(Store& store, const CommitBenchOptions& options) {
  Workload workload(options.workload);
  nlohmann::json result;
  Version version = store.Info().version;
  const Clock::time_point preload_start = Clock::now();
  for (uint64_t i = 0; i < workload.preload_blocks(); ++i) {
    RETURN_IF_ERROR(store.CommitBlock(++version, workload.NextPreload()).status());
  }
  RETURN_IF_ERROR(store.Flush());
  result["preload_seconds"] = Milliseconds(Clock::now() - preload_start) / 1e3;
  for (uint64_t i = 0; i < options.warmup_blocks; ++i) {
    RETURN_IF_ERROR(store.CommitBlock(++version, workload.NextBlock()).status());
  }
  const ProcessUsage before = ReadProcessUsage();
  Measurement measurement;
  std::chrono::nanoseconds committing{};
  std::chrono::nanoseconds generating{};
  const Clock::time_point start = Clock::now();
  for (uint64_t i = 0; i < options.blocks; ++i) {
    const Clock::time_point generate = Clock::now();
    const ChangeSets& changes = workload.NextBlock();
    const Clock::time_point commit = Clock::now();
    ASSIGN_OR_RETURN(const CommitResult committed, store.CommitBlock(++version, changes));
    const Clock::time_point end = Clock::now();
    generating += commit - generate;
    committing += end - commit;
    measurement.Add(committed.timings, end - commit);
  }
  RETURN_IF_ERROR(store.Flush());
  const double drained = Milliseconds(Clock::now() - start - generating) / 1e3;
  const ProcessUsage after = ReadProcessUsage();
  const double updates = static_cast<double>(options.blocks * options.workload.updates_per_block);
  result["updates_per_second"] = updates / (Milliseconds(committing) / 1e3);
  result["updates_per_second_drained"] = updates / drained;
  result["generating_seconds"] = Milliseconds(generating) / 1e3;
  // Generating the blocks is not the store's cost.
  result["cpu_us_per_update"] =
      (after.cpu_seconds - before.cpu_seconds - Milliseconds(generating) / 1e3) * 1e6 / updates;
  result["bytes_written_per_update"] =
      static_cast<double>(after.bytes_written - before.bytes_written) / updates;
  result["resident_mib_peak"] = static_cast<double>(after.resident_bytes_peak) / (1 << 20);
  result["latency"] = measurement.Latencies();
  const SnapshotActivity snapshots = store.admin().Retention().activity;
  result["snapshots"] = snapshots.taken;
  result["snapshots_failed"] = snapshots.failed;
  result["last_snapshot_ms"] = snapshots.last_seconds * 1e3;
  const StoreStats stats = store.Stats();
  result["disk_mib"] = static_cast<double>(stats.db_bytes_on_disk + stats.wal_bytes) / (1 << 20);
  result["kernel"] = stats.hash_kernel;
  const StoreInfo info = store.Info();
  result["suite"] = SuiteName(info.suite);
  result["root"] = HexEncode(AsBytes(info.root));
  result["version"] = info.version;
  return result;
}

const char* SyncName(WalSync sync) {
  switch (sync) {
    case WalSync::kAlways:
      return "always";
    case WalSync::kInterval:
      return "interval";
    case WalSync::kOff:
      return "off";
  }
  return "";
}

StoreOptions WithSnapshots(const CommitBenchOptions& options) {
  StoreOptions store = options.store;
  store.snapshot.policy =
      options.snapshot_every == 0 ? SnapshotPolicy::kManual : SnapshotPolicy::kInterval;
  store.snapshot.interval_versions =
      std::max<Version>(1, static_cast<Version>(options.snapshot_every));
  return store;
}

}  // namespace

Status RunCommitBench(const CommitBenchOptions& options) {
  FileSystem& fs = PosixFileSystem();
  ASSIGN_OR_RETURN(const bool exists, Exists(fs, JoinPath(options.home, "flatkv")));
  if (exists) {
    return FailedPrecondition(
        fmt::format("{} holds a store already: name an empty directory", options.home));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                   Store::Open(fs, NullLogger(), options.home, WithSnapshots(options)));
  ASSIGN_OR_RETURN(nlohmann::json result, Measure(*store, options));
  RETURN_IF_ERROR(store->Close());
  result["rows"] = options.workload.rows;
  result["blocks"] = options.blocks;
  result["updates_per_block"] = options.workload.updates_per_block;
  result["new_share"] = options.workload.new_share;
  result["delete_share"] = options.workload.delete_share;
  result["distribution"] =
      options.workload.distribution == Distribution::kUniform ? "uniform" : "zipf";
  result["seed"] = options.workload.seed;
  result["sync"] = SyncName(options.store.wal_sync);
  result["threads"] = options.store.threads;
  if (options.json) {
    fmt::print("{}\n", result.dump());
  } else {
    PrintText(result);
  }
  return options.keep_home ? OkStatus() : RemoveTreeDurably(fs, JoinPath(options.home, "flatkv"));
}

}  // namespace flatkv::bench
