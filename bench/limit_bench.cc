#include "bench/limit_bench.h"

#include <algorithm>
#include <set>

#include "bench/bench_home.h"
#include "bench/commit_run.h"
#include "bench/echo_part.h"
#include "bench/engine_part.h"
#include "bench/hash_part.h"
#include "bench/library_driver.h"
#include "bench/log_part.h"
#include "flatkv/fs/path.h"
#include "flatkv/fs/posix_file_system.h"

namespace flatkv::bench {
namespace {

constexpr char kAnyTcpPort[] = "127.0.0.1:0";

struct Parts {
  EnginePart engine;
  std::vector<HashPart> hashes;
  LogPart log;
  std::vector<EchoPart> echoes;
};

StatusOr<nlohmann::json> MeasureWhole(const LimitBenchOptions& options, const Config& config,
                                      const BenchHome& home) {
  ASSIGN_OR_RETURN(const std::unique_ptr<BlockSource> source, CommitRun::OpenSource(options.work));
  CommitRun run(options.work, *source, config.store.threads + config.store.background_threads);
  ASSIGN_OR_RETURN(
      const std::unique_ptr<CommitDriver> driver,
      NewLibraryDriver(PosixFileSystem(), home.path(), config.store, run.on_committed()));
  ASSIGN_OR_RETURN(nlohmann::json whole, run.Measure(*driver, std::nullopt));
  RETURN_IF_ERROR(driver->Close());
  RETURN_IF_ERROR(home.RemoveStore());
  return whole;
}

StatusOr<Parts> MeasureParts(const LimitBenchOptions& options, const StoreOptions& store,
                             const BenchHome& home) {
  const std::string directory = home.Path(kPartsName);
  Parts parts;
  std::vector<HashBlock> hash_blocks;
  ASSIGN_OR_RETURN(parts.engine, MeasureEngine(options.work, store, JoinPath(directory, "engine"),
                                               options.hash_blocks, &hash_blocks));
  for (const Suite suite : {Suite::kSha256, Suite::kBlake3}) {
    for (const size_t threads : std::set<size_t>{1, 2, store.threads}) {
      parts.hashes.push_back(MeasureHash(suite, threads, hash_blocks));
    }
  }
  ASSIGN_OR_RETURN(parts.log, MeasureLog(options.work, store, JoinPath(directory, "log")));
  const std::string socket = "unix:" + home.Path(kDaemonSocketName);
  for (const std::string& address : {socket, std::string(kAnyTcpPort)}) {
    for (const Rpc rpc : {Rpc::kUnary, Rpc::kStream}) {
      ASSIGN_OR_RETURN(EchoPart echo, MeasureEcho(options.work, address, rpc, options.window));
      parts.echoes.push_back(std::move(echo));
    }
  }
  return parts;
}

const HashPart& HashOf(const Parts& parts, Suite suite, size_t threads) {
  for (const HashPart& part : parts.hashes) {
    if (part.suite == suite && part.threads == threads) {
      return part;
    }
  }
  return parts.hashes.front();
}

// What must happen before a commit can answer, one after the other, each part as fast as it is
// alone; and the CPU time of all of it, behind the answer too.
nlohmann::json SumOf(const Parts& parts, const Config& config, Suite suite,
                     double updates_per_block) {
  const StoreOptions& store = config.store;
  const bool synced = store.wal_sync == WalSync::kAlways;
  const HashPart& hash_one = HashOf(parts, suite, 1);
  // Small blocks are not worth a second thread.
  const double hash_ms =
      std::min(hash_one.ms_per_block, HashOf(parts, suite, store.threads).ms_per_block);
  const double read_ms =
      std::min(parts.engine.read_ms_one_thread, parts.engine.read_ms_all_threads);
  const double log_ms =
      parts.log.encode_ms + (synced ? parts.log.append_synced_ms : parts.log.append_ms);
  nlohmann::json sum;
  sum["prepare_ms"] = parts.engine.prepare_ms;
  sum["read_ms"] = read_ms;
  sum["hash_ms"] = hash_ms;
  sum["log_ms"] = log_ms;
  sum["ms_per_block"] = parts.engine.prepare_ms + read_ms + hash_ms + log_ms;
  sum["cpu_us_per_update"] =
      parts.engine.prepare_ms * 1e3 / updates_per_block + parts.engine.cpu_us_per_update +
      hash_one.ms_per_block * 1e3 / updates_per_block + parts.log.cpu_us_per_update;
  return sum;
}

nlohmann::json ToJson(const Parts& parts) {
  nlohmann::json json = {{"leveldb", bench::ToJson(parts.engine)},
                         {"wal", bench::ToJson(parts.log)}};
  for (const HashPart& hash : parts.hashes) {
    json["hash"].push_back(bench::ToJson(hash));
  }
  for (const EchoPart& echo : parts.echoes) {
    json["grpc_echo"].push_back(bench::ToJson(echo));
  }
  return json;
}

}  // namespace

StatusOr<nlohmann::json> RunLimitBench(const LimitBenchOptions& options) {
  ASSIGN_OR_RETURN(const Config config, ResolveSettings(options.settings));
  ASSIGN_OR_RETURN(const std::unique_ptr<BenchHome> home,
                   BenchHome::Create(PosixFileSystem(), options.home, options.keep_home));
  nlohmann::json result;
  ASSIGN_OR_RETURN(result["whole"], MeasureWhole(options, config, *home));
  ASSIGN_OR_RETURN(const Parts parts, MeasureParts(options, config.store, *home));
  const nlohmann::json& whole = result["whole"];
  const Suite suite = config.store.suite.value_or(Suite::kSha256);
  const double updates_per_block = whole["updates"].get<double>() / whole["blocks"].get<double>();
  result["command"] = "limit";
  result["workload"] = whole["workload"];
  result["settings"] = DescribeSettings(config);
  result["threads"] = config.store.threads;
  result["parts"] = ToJson(parts);
  result["sum"] = SumOf(parts, config, suite, updates_per_block);
  const double whole_ms = whole["latency"]["block"]["mean_ms"].get<double>();
  result["whole_to_sum_time"] = whole_ms / result["sum"]["ms_per_block"].get<double>();
  result["whole_to_sum_cpu"] =
      whole["cpu_us_per_update"].get<double>() / result["sum"]["cpu_us_per_update"].get<double>();
  return result;
}

}  // namespace flatkv::bench
