// The text of a commit benchmark's result.
#include <fmt/format.h>

#include <string>

#include "bench/commit_bench.h"

namespace flatkv::bench {
namespace {

// Text of a number that may be missing.
std::string Number(const nlohmann::json& result, const char* name, int digits) {
  return result.contains(name) ? fmt::format("{:.{}f}", result[name].get<double>(), digits) : "?";
}

void PrintSettings(const nlohmann::json& result) {
  for (const char* group : {"workload", "settings"}) {
    if (result.contains(group)) {
      fmt::print("{}:", group);
      for (const auto& [name, value] : result[group].items()) {
        fmt::print(" {}={}", name, value.is_string() ? value.get<std::string>() : value.dump());
      }
      fmt::print("\n");
    }
  }
}

void PrintLatency(const nlohmann::json& latency) {
  fmt::print("{:>12} {:>9} {:>9} {:>9} {:>9}\n", "ms a block", "mean", "p50", "p99", "max");
  for (const auto& [name, summary] : latency.items()) {
    fmt::print("{:>12} {:>9.3f} {:>9.3f} {:>9.3f} {:>9.3f}\n", name,
               summary["mean_ms"].get<double>(), summary["p50_ms"].get<double>(),
               summary["p99_ms"].get<double>(), summary["max_ms"].get<double>());
  }
}

void PrintSeries(const nlohmann::json& series) {
  fmt::print("{:>12} {:>9} {:>12} {:>9} {:>9}\n", "from second", "blocks", "updates/s", "p99 ms",
             "max ms");
  for (const nlohmann::json& point : series) {
    fmt::print("{:>12} {:>9} {:>12.0f} {:>9.3f} {:>9.3f}\n", point["at_s"].get<int64_t>(),
               point["blocks"].get<uint64_t>(), point["updates_per_second"].get<double>(),
               point["p99_ms"].get<double>(), point["max_ms"].get<double>());
  }
}

}  // namespace

void PrintCommitResult(const nlohmann::json& result) {
  fmt::print("{}, suite {}{}\n", result["driver"].get<std::string>(),
             result["suite"].get<std::string>(),
             result.contains("rpc")
                 ? fmt::format(", {} calls, window {}, {}", result["rpc"].get<std::string>(),
                               result["window"].get<size_t>(), result["address"].get<std::string>())
                 : fmt::format(", kernel {}, allocator {}", result["kernel"].get<std::string>(),
                               result["allocator"].get<std::string>()));
  PrintSettings(result);
  fmt::print("{} blocks preloaded in {:.1f} s, {} measured with {} updates\n",
             result["preload_blocks"].get<uint64_t>(), result["preload_seconds"].get<double>(),
             result["blocks"].get<uint64_t>(), result["updates"].get<uint64_t>());
  fmt::print("blocks were made {} ({:.2f} s of CPU, left out below)\n",
             result["generation"]["where"].get<std::string>(),
             result["generation"]["cpu_seconds"].get<double>());
  fmt::print("{:>12.0f} updates/s, from handing a block over to its root\n",
             result["updates_per_second"].get<double>());
  fmt::print("{:>12.0f} updates/s, until the data DBs hold the last block\n",
             result["updates_per_second_drained"].get<double>());
  fmt::print("{:>12.0f} MiB left to compact then, {} tables on level 0\n",
             result["compaction_debt_mib"].get<double>(), result["level0_tables"].get<uint64_t>());
  fmt::print("{:>12} us CPU an update in the store\n", Number(result, "cpu_us_per_update", 2));
  if (result.contains("client_cpu_us_per_update")) {
    fmt::print("{:>12} us CPU an update in the client\n",
               Number(result, "client_cpu_us_per_update", 2));
  }
  fmt::print("{:>12} bytes written an update\n", Number(result, "bytes_written_per_update", 0));
  fmt::print("{:>12} MiB resident at the end, {} at most; {} MiB on disk\n",
             Number(result, "resident_mib", 0), Number(result, "resident_mib_peak", 0),
             Number(result, "disk_mib", 0));
  PrintLatency(result["latency"]);
  if (result.contains("series")) {
    PrintSeries(result["series"]);
  }
  if (result.value("snapshots", uint64_t{0}) > 0) {
    fmt::print("{} snapshots taken, {} failed; the last one took {:.0f} ms\n",
               result["snapshots"].get<uint64_t>(), result["snapshots_failed"].get<uint64_t>(),
               result["last_snapshot_ms"].get<double>());
  }
  fmt::print("root {} at version {}\n", result["root"].get<std::string>(),
             result["version"].get<Version>());
}

}  // namespace flatkv::bench
