// The text of a limit benchmark's result.
#include <fmt/format.h>

#include <string>

#include "bench/limit_bench.h"

namespace flatkv::bench {
namespace {

void PrintParts(const nlohmann::json& parts, size_t threads) {
  const nlohmann::json& leveldb = parts["leveldb"];
  fmt::print("LevelDB, sorted rows of a block:\n");
  fmt::print("{:>12.3f} us a row read, one thread; {:.0f} % of the rows exist\n",
             leveldb["read_us_per_row_one_thread"].get<double>(),
             leveldb["found_share"].get<double>() * 100);
  fmt::print("{:>12.3f} ms a block read, one thread; {:.3f} on {}\n",
             leveldb["read_ms_per_block_one_thread"].get<double>(),
             leveldb["read_ms_per_block_all_threads"].get<double>(), threads);
  fmt::print("{:>12.3f} us a row written, {:.3f} ms a block\n",
             leveldb["write_us_per_row"].get<double>(),
             leveldb["write_ms_per_block"].get<double>());
  fmt::print("{:>12.2f} us CPU an update, {:.0f} bytes written an update, compactions included\n",
             leveldb["cpu_us_per_update"].get<double>(),
             leveldb["bytes_written_per_update"].get<double>());
  fmt::print("hash kernels:\n");
  for (const nlohmann::json& hash : parts["hash"]) {
    fmt::print("{:>12.0f} ns an element, {} {}, {} thread{}; {:.3f} ms a block\n",
               hash["ns_per_element"].get<double>(), hash["suite"].get<std::string>(),
               hash["kernel"].get<std::string>(), hash["threads"].get<size_t>(),
               hash["threads"].get<size_t>() == 1 ? "" : "s", hash["ms_per_block"].get<double>());
  }
  const nlohmann::json& wal = parts["wal"];
  fmt::print("changelog:\n{:>12.3f} ms a block encoded and digested\n",
             wal["encode_ms_per_block"].get<double>());
  fmt::print("{:>12.3f} ms a block appended; {:.3f} with a sync, p99 {:.3f}\n",
             wal["append_ms_per_block"].get<double>(),
             wal["append_synced_ms_per_block"].get<double>(),
             wal["append_synced_p99_ms"].get<double>());
  fmt::print("gRPC echo of the same requests, client and server in one process:\n");
  for (const nlohmann::json& echo : parts["grpc_echo"]) {
    fmt::print("{:>12.3f} ms a block, {} {}; {:.2f} us CPU an update\n",
               echo["ms_per_block"].get<double>(), echo["transport"].get<std::string>(),
               echo["rpc"].get<std::string>(), echo["cpu_us_per_update"].get<double>());
  }
}

}  // namespace

void PrintLimitResult(const nlohmann::json& result) {
  const nlohmann::json& whole = result["whole"];
  const nlohmann::json& sum = result["sum"];
  const size_t threads = result["threads"].get<size_t>();
  for (const char* group : {"workload", "settings"}) {
    fmt::print("{}: {}\n", group, result[group].dump());
  }
  PrintParts(result["parts"], threads);
  fmt::print("what a commit waits for, ms a block, on up to {} threads:\n", threads);
  fmt::print(
      "{:>12.3f} rows prepared and sorted\n{:>12.3f} old rows read\n{:>12.3f} hashes\n"
      "{:>12.3f} changelog\n{:>12.3f} sum of the parts\n",
      sum["prepare_ms"].get<double>(), sum["read_ms"].get<double>(), sum["hash_ms"].get<double>(),
      sum["log_ms"].get<double>(), sum["ms_per_block"].get<double>());
  fmt::print("{:>12.3f} the whole commit, mean: {:.2f} times the sum\n",
             whole["latency"]["block"]["mean_ms"].get<double>(),
             result["whole_to_sum_time"].get<double>());
  fmt::print(
      "CPU us an update, work behind the answer included:\n"
      "{:>12.2f} sum of the parts\n{:>12.2f} the whole: {:.2f} times the sum\n",
      sum["cpu_us_per_update"].get<double>(), whole["cpu_us_per_update"].get<double>(),
      result["whole_to_sum_cpu"].get<double>());
  fmt::print(
      "The parts run one after another, so nothing disturbs them; the whole runs its\n"
      "background work beside its commits, may find rows in memory that the parts read\n"
      "from LevelDB, and overlaps the changelog with the rows. gRPC is not in the sum.\n");
}

}  // namespace flatkv::bench
