// What the row cache counts, and counting that costs no thread another's cache line.
//
// Thread safety: safe for concurrent use. A sum taken while others count is of some moment for each
// thread, not one moment for all.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace flatkv {

struct RowCacheStats {
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t rows = 0;            // held now
  uint64_t bytes = 0;           // that they take, whole lines of 64
  uint64_t capacity_bytes = 0;  // the memory that the cache may come to touch
  uint64_t evictions = 0;       // rows displaced by others
  uint64_t refused_large = 0;   // rows that no bucket has room for
  uint64_t refused_stale = 0;   // reads that a change, or another writer, came before
  uint64_t refused_hot = 0;     // reads for which nothing better was given up
};

namespace internal {

class RowCacheCounters {
 public:
  // One thread's share; after kShards threads two may have the same.
  struct alignas(64) Shard {
    std::atomic<uint64_t> hits = 0;
    std::atomic<uint64_t> misses = 0;
    std::atomic<uint64_t> rows = 0;   // what came in less what went, modulo 2^64
    std::atomic<uint64_t> lines = 0;  // likewise
    std::atomic<uint64_t> evictions = 0;
    std::atomic<uint64_t> refused_large = 0;
    std::atomic<uint64_t> refused_stale = 0;
    std::atomic<uint64_t> refused_hot = 0;
  };

  Shard& Local();
  // All but capacity_bytes.
  RowCacheStats Sum() const;

 private:
  static constexpr size_t kShards = 32;

  std::array<Shard, kShards> shards_;
};

inline void Count(std::atomic<uint64_t>& counter, uint64_t by = 1) {
  counter.fetch_add(by, std::memory_order_relaxed);
}

}  // namespace internal
}  // namespace flatkv
