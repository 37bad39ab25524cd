#include "flatkv/cache/row_cache_counters.h"

#include "flatkv/cache/row_bucket.h"

namespace flatkv::internal {
namespace {

// Rows that came in on one thread go on another: while both count, the sum may miss the first.
uint64_t NotNegative(uint64_t sum) { return static_cast<int64_t>(sum) < 0 ? 0 : sum; }

}  // namespace

RowCacheCounters::Shard& RowCacheCounters::Local() {
  static std::atomic<size_t> threads = 0;
  thread_local const size_t index = threads.fetch_add(1, std::memory_order_relaxed) % kShards;
  return shards_[index];
}

RowCacheStats RowCacheCounters::Sum() const {
  RowCacheStats sum;
  uint64_t lines = 0;
  const auto add = [](uint64_t& to, const std::atomic<uint64_t>& counter) {
    to += counter.load(std::memory_order_relaxed);
  };
  for (const Shard& shard : shards_) {
    add(sum.hits, shard.hits);
    add(sum.misses, shard.misses);
    add(sum.rows, shard.rows);
    add(lines, shard.lines);
    add(sum.evictions, shard.evictions);
    add(sum.refused_large, shard.refused_large);
    add(sum.refused_stale, shard.refused_stale);
    add(sum.refused_hot, shard.refused_hot);
  }
  sum.rows = NotNegative(sum.rows);
  sum.bytes = NotNegative(lines) * kLineBytes;
  return sum;
}

}  // namespace flatkv::internal
