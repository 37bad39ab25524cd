// What a row costs that the write-behind puts into LevelDB's memtable, by rows of a sorted batch.
//   engine_write_bench [--benchmark_filter=...]; the DB goes below $TMPDIR or /tmp, and nothing of
//   it is flushed.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "flatkv/base/check.h"
#include "flatkv/engine/leveldb_engine.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/fs/posix_file_system.h"

namespace flatkv {
namespace {

// Keys and values as long as those of storage slots; this many fill a memtable of 64 MiB.
constexpr size_t kRows = 400'000;
constexpr size_t kKeyBytes = 57;
constexpr size_t kValueBytes = 41;

std::vector<std::string> RandomKeys() {
  std::mt19937_64 random(1);
  std::vector<std::string> keys(kRows, std::string(kKeyBytes, '\0'));
  for (std::string& key : keys) {
    std::generate(key.begin(), key.end(), [&] { return static_cast<char>(random()); });
  }
  return keys;
}

// Fills a memtable, each batch in key order.
void WriteSorted(benchmark::State& state) {
  const auto batch_rows = static_cast<size_t>(state.range(0));
  std::vector<std::string> keys = RandomKeys();
  const std::string value(kValueBytes, 'x');
  for (size_t first = 0; first < kRows; first += batch_rows) {
    std::sort(keys.begin() + static_cast<ptrdiff_t>(first),
              keys.begin() + static_cast<ptrdiff_t>(std::min(kRows, first + batch_rows)));
  }
  std::vector<EngineWrite> writes;
  for (const std::string& key : keys) {
    writes.push_back({key, value});
  }
  const char* const parent = std::getenv("TMPDIR");
  const std::string directory =
      JoinPath(parent == nullptr ? "/tmp" : parent, "flatkv-engine-write-bench");
  BackgroundThreads threads(1);
  LevelDbEngineOptions options;
  options.write_buffer_bytes = uint64_t{256} << 20;  // never full
  for (auto _ : state) {
    state.PauseTiming();
    FLATKV_CHECK(RemoveTreeDurably(PosixFileSystem(), directory).ok());
    auto engine = OpenLevelDbEngine(PosixFileSystem(), threads, NullLogger(), directory, options);
    FLATKV_CHECK(engine.ok());
    Version version = 0;
    state.ResumeTiming();
    for (size_t first = 0; first < kRows; first += batch_rows) {
      const std::span<const EngineWrite> batch(&writes[first], std::min(batch_rows, kRows - first));
      FLATKV_CHECK((*engine)->Write(batch, ++version).ok());
    }
    state.PauseTiming();
    engine->reset();
    state.ResumeTiming();
  }
  static_cast<void>(RemoveTreeDurably(PosixFileSystem(), directory));
  state.counters["time/row"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * kRows,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK(WriteSorted)
    ->ArgName("batch")
    ->Arg(1'000)
    ->Arg(5'000)
    ->Arg(10'000)
    ->Arg(20'000)
    ->Arg(40'000)
    ->Arg(100'000)
    ->Arg(400'000)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace flatkv

BENCHMARK_MAIN();
