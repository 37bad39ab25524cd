// The changelog's speed: appending with and without syncs, and reading back.
//   wal_bench [--benchmark_filter=...]; the log goes below $TMPDIR or /tmp, so set TMPDIR to the
//   disk to measure.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "flatkv/base/check.h"
#include "flatkv/base/sha256.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/fs/posix_file_system.h"
#include "flatkv/wal/wal.h"

namespace flatkv {
namespace {

// A log in a directory of its own; removed at the end.
class BenchLog {
 public:
  BenchLog() {
    const char* parent = std::getenv("TMPDIR");
    directory_ = JoinPath(parent == nullptr ? "/tmp" : parent, "flatkv-wal-bench");
    FLATKV_CHECK(RemoveTreeDurably(PosixFileSystem(), directory_).ok());
    Reopen();
  }
  ~BenchLog() {
    wal_.reset();
    static_cast<void>(RemoveTreeDurably(PosixFileSystem(), directory_));
  }
  BenchLog(const BenchLog&) = delete;
  BenchLog& operator=(const BenchLog&) = delete;

  Wal& wal() { return *wal_; }

  void Reopen() {
    wal_.reset();
    auto opened = Wal::Open(PosixFileSystem(), NullLogger(), directory_, {});
    FLATKV_CHECK(opened.ok());
    wal_ = *std::move(opened);
  }

  void Append(const std::string& payload, bool sync) {
    const Version version = wal_->last_version() + 1;
    FLATKV_CHECK(wal_->Append(version, payload, Digest{}, Digest{}).ok());
    FLATKV_CHECK(!sync || wal_->Sync().ok());
    FLATKV_CHECK(wal_->Acknowledge(version).ok());
  }

  // Bounds the disk space of a long run.
  void KeepLast(Version versions) {
    FLATKV_CHECK(wal_->PruneBelow(wal_->last_version() - versions).ok());
  }

 private:
  std::string directory_;
  std::unique_ptr<Wal> wal_;
};

std::string PayloadOf(benchmark::State& state) {
  std::string payload(static_cast<size_t>(state.range(0)), '\0');
  for (size_t i = 0; i < payload.size(); ++i) {
    payload[i] = static_cast<char>(i * 2654435761u >> 13);
  }
  return payload;
}

void Append(benchmark::State& state, bool sync) {
  const std::string payload = PayloadOf(state);
  const Version kept = (int64_t{256} << 20) / static_cast<int64_t>(payload.size());
  BenchLog log;
  for (auto _ : state) {
    log.Append(payload, sync);
    if (log.wal().last_version() % kept == 0) {
      state.PauseTiming();
      log.KeepLast(kept);
      state.ResumeTiming();
    }
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void ReadBack(benchmark::State& state) {
  const std::string payload = PayloadOf(state);
  const int64_t records = (int64_t{256} << 20) / state.range(0);
  BenchLog log;
  for (int64_t i = 0; i < records; ++i) {
    log.Append(payload, false);
  }
  for (auto _ : state) {
    auto reader = log.wal().NewReader(1, records);
    FLATKV_CHECK(reader.ok());
    for (int64_t i = 0; i < records; ++i) {
      FLATKV_CHECK((*reader)->Next().value());
      benchmark::DoNotOptimize((*reader)->payload().data());
    }
  }
  state.SetBytesProcessed(state.iterations() * records * state.range(0));
}

void Find(benchmark::State& state) {
  BenchLog log;
  const std::string payload(1024, 'x');
  constexpr Version kRecords = 200000;
  for (Version i = 0; i < kRecords; ++i) {
    log.Append(payload, false);
  }
  Version version = 0;
  for (auto _ : state) {
    version = (version + 7919) % kRecords;
    benchmark::DoNotOptimize(log.wal().Find(version + 1).value().record_digest);
  }
}

void Reopen(benchmark::State& state) {
  BenchLog log;
  const std::string payload(100 << 10, 'x');
  for (int i = 0; i < 5000; ++i) {
    log.Append(payload, false);
  }
  for (auto _ : state) {
    log.Reopen();
  }
}

void Sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Arg(1 << 10)->Arg(100 << 10)->Arg(1 << 20)->UseRealTime();
}

BENCHMARK_CAPTURE(Append, unsynced, false)->Apply(Sizes);
BENCHMARK_CAPTURE(Append, synced, true)->Apply(Sizes);
BENCHMARK(ReadBack)->Apply(Sizes)->Unit(benchmark::kMillisecond);
BENCHMARK(Find)->UseRealTime();
BENCHMARK(Reopen)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace flatkv

BENCHMARK_MAIN();
