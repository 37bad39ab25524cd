// Cost of the row cache, in CPU time a row, with a full cache of 1.5 GB and random keys: what a
// commit pays for each row that it looks up and each row that it writes through.
#include <benchmark/benchmark.h>

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "flatkv/base/check.h"
#include "flatkv/cache/row_cache.h"

namespace flatkv {
namespace {

constexpr uint64_t kBudgetBytes = uint64_t{1536} << 20;
// As the commit path takes them.
constexpr size_t kChunk = 512;
constexpr size_t kRowBytes = 41;

// Fingerprints without the cost of making them: the cache cannot tell these from SipHash's.
RowFingerprint RandomFingerprint(uint64_t i) {
  std::mt19937_64::result_type words[2];
  for (uint64_t& word : words) {
    // splitmix64
    i += 0x9e3779b97f4a7c15;
    word = (i ^ (i >> 30)) * 0xbf58476d1ce4e5b9;
    word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
    word ^= word >> 31;
  }
  return {words[0], words[1]};
}

struct FullCache {
  FullCache() {
    auto created = RowCache::Create(kBudgetBytes);
    FLATKV_CHECK(created.ok());
    cache = *std::move(created);
    rows = kBudgetBytes / 1024 * 15;
    const std::string row(kRowBytes, 'x');
    // A third more than fits: every bucket is full.
    for (uint64_t i = 0; i < rows + rows / 3; ++i) {
      cache->Put(RandomFingerprint(i), row);
    }
  }

  std::unique_ptr<RowCache> cache;
  uint64_t rows = 0;
};

FullCache& TheCache() {
  static FullCache full;
  return full;
}

// Keys that are cached, or that are not.
std::vector<RowFingerprint> SomeFingerprints(bool cached) {
  FullCache& full = TheCache();
  std::mt19937_64 random(1);
  std::vector<RowFingerprint> fingerprints;
  std::string row;
  RowTicket ticket;
  while (fingerprints.size() < (size_t{1} << 20)) {
    const uint64_t i = random() % full.rows + (cached ? full.rows / 3 : full.rows * 2);
    const RowFingerprint fingerprint = RandomFingerprint(i);
    if (full.cache->Find(fingerprint, &row, &ticket) == cached) {
      fingerprints.push_back(fingerprint);
    }
  }
  return fingerprints;
}

void SetTimePerRow(benchmark::State& state, size_t rows_each) {
  const auto rows = static_cast<double>(state.iterations()) * static_cast<double>(rows_each);
  state.counters["time/row"] =
      benchmark::Counter(rows, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void FingerprintOf(benchmark::State& state) {
  const RowFingerprinter fingerprinter = RowFingerprinter::FromSeed(1);
  std::string key(57, 'k');
  while (state.KeepRunning()) {
    ++key[20];
    benchmark::DoNotOptimize(fingerprinter.Of(DataDb::kStorage, key));
  }
}

// steps: 0 Find alone, 1 with Prefetch for the chunk, 2 with PrefetchRow after it.
void Find(benchmark::State& state, bool cached, int steps) {
  RowCache& cache = *TheCache().cache;
  const std::vector<RowFingerprint> fingerprints = SomeFingerprints(cached);
  std::string row;
  RowTicket ticket;
  size_t first = 0;
  while (state.KeepRunning()) {
    if (steps >= 1) {
      for (size_t i = first; i < first + kChunk; ++i) {
        cache.Prefetch(fingerprints[i]);
      }
    }
    if (steps >= 2) {
      for (size_t i = first; i < first + kChunk; ++i) {
        cache.PrefetchRow(fingerprints[i]);
      }
    }
    for (size_t i = first; i < first + kChunk; ++i) {
      benchmark::DoNotOptimize(cache.Find(fingerprints[i], &row, &ticket));
    }
    first = (first + kChunk) % fingerprints.size();
  }
  SetTimePerRow(state, kChunk);
}

// Rows that are cached are replaced, others displace some.
void Put(benchmark::State& state, bool cached, bool prefetch) {
  RowCache& cache = *TheCache().cache;
  const std::string row(kRowBytes, 'y');
  std::vector<RowFingerprint> fingerprints = SomeFingerprints(cached);
  static uint64_t next = uint64_t{1} << 40;
  size_t first = 0;
  while (state.KeepRunning()) {
    if (!cached) {
      for (size_t i = first; i < first + kChunk; ++i) {
        fingerprints[i] = RandomFingerprint(next++);
      }
    }
    if (prefetch) {
      for (size_t i = first; i < first + kChunk; ++i) {
        cache.Prefetch(fingerprints[i]);
      }
      for (size_t i = first; i < first + kChunk; ++i) {
        cache.PrefetchRow(fingerprints[i]);
      }
    }
    for (size_t i = first; i < first + kChunk; ++i) {
      cache.Put(fingerprints[i], row);
    }
    first = (first + kChunk) % fingerprints.size();
  }
  SetTimePerRow(state, kChunk);
}

BENCHMARK(FingerprintOf);
BENCHMARK_CAPTURE(Find, hit, true, 0);
BENCHMARK_CAPTURE(Find, hit_prefetch, true, 1);
BENCHMARK_CAPTURE(Find, hit_prefetch_row, true, 2);
BENCHMARK_CAPTURE(Find, miss, false, 0);
BENCHMARK_CAPTURE(Find, miss_prefetch, false, 1);
BENCHMARK_CAPTURE(Put, replace, true, false);
BENCHMARK_CAPTURE(Put, replace_prefetch, true, true);
BENCHMARK_CAPTURE(Put, displace, false, false);
BENCHMARK_CAPTURE(Put, displace_prefetch, false, true);

}  // namespace
}  // namespace flatkv

BENCHMARK_MAIN();
