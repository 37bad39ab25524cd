#include "flatkv/cache/row_cache.h"

#include <mutex>
#include <utility>

#include "flatkv/cache/bucket_writer.h"
#include "flatkv/cache/row_bucket.h"

namespace flatkv {

using internal::BucketWriter;
using internal::RowBucket;

namespace {

// Buckets that are not split yet have up to twice as many lines in use as the mean, of 15.
constexpr int64_t kLinesToGrow = 5;

RowTicket TicketOf(uint32_t clears, uint32_t changes) {
  return {(uint64_t{clears} << 32) | changes};
}

}  // namespace

StatusOr<std::unique_ptr<RowCache>> RowCache::Create(uint64_t budget_bytes, uint64_t first_bytes) {
  ASSIGN_OR_RETURN(AnonymousMemory memory,
                   AnonymousMemory::Map(budget_bytes - budget_bytes % sizeof(RowBucket)));
  return std::unique_ptr<RowCache>(new RowCache(std::move(memory), first_bytes));
}

RowCache::RowCache(AnonymousMemory memory, uint64_t first_bytes)
    : memory_(std::move(memory)),
      buckets_(static_cast<RowBucket*>(memory_.data())),
      map_(memory_.size_bytes() / sizeof(RowBucket), first_bytes / sizeof(RowBucket)) {}

RowBucket& RowCache::BucketOf(const RowFingerprint& fingerprint) const {
  return buckets_[map_.IndexOf(fingerprint, map_.state())];
}

void RowCache::Prefetch(const RowFingerprint& fingerprint) const {
  if (map_.size() != 0) {
    __builtin_prefetch(&BucketOf(fingerprint));
  }
}

void RowCache::PrefetchRow(const RowFingerprint& fingerprint) const {
  if (map_.size() != 0) {
    internal::PrefetchEntry(BucketOf(fingerprint), fingerprint);
  }
}

void RowCache::PrefetchPlace(const RowFingerprint& fingerprint) const {
  if (map_.size() != 0) {
    internal::PrefetchPlace(BucketOf(fingerprint), fingerprint);
  }
}

bool RowCache::Find(const RowFingerprint& fingerprint, std::string* row, RowTicket* ticket) {
  internal::BucketRead read;
  *ticket = {};
  for (const RowBucket* last = nullptr; map_.size() != 0;) {
    // Before the bucket is read: a Clear in between then refuses the ticket.
    const uint32_t clears = clears_.load(std::memory_order_acquire);
    RowBucket& bucket = BucketOf(fingerprint);
    if (&bucket == last) {
      break;
    }
    read = internal::ReadBucket(bucket, fingerprint, row);
    *ticket = TicketOf(clears, read.changes);
    if (read.found) {
      break;
    }
    // Unless it has been split meanwhile, and the row may be in the other half.
    last = &bucket;
  }
  internal::RowCacheCounters::Shard& shard = counters_.Local();
  internal::Count(read.found ? shard.hits : shard.misses);
  return read.found;
}

template <typename Change>
void RowCache::ChangeBucket(const RowFingerprint& fingerprint, Change change) {
  internal::BucketDelta delta;
  for (bool done = false; !done;) {
    RowBucket& bucket = BucketOf(fingerprint);
    BucketWriter writer(bucket);
    // Whoever splits a bucket says so before letting it go.
    if (&BucketOf(fingerprint) == &bucket) {
      change(writer);
      delta = writer.delta();
      done = true;
    }
  }
  Count(delta);
  GrowAfter(delta);
}

void RowCache::Put(const RowFingerprint& fingerprint, std::string_view row) {
  if (map_.size() == 0) {
    return;
  }
  if (row.size() > internal::kMaxRowBytes) {
    internal::Count(counters_.Local().refused_large);
    Remove(fingerprint);
    return;
  }
  ChangeBucket(fingerprint, [&](BucketWriter& writer) { writer.Put(fingerprint, row); });
}

void RowCache::Remove(const RowFingerprint& fingerprint) {
  if (map_.size() == 0) {
    return;
  }
  ChangeBucket(fingerprint, [&](BucketWriter& writer) { writer.Remove(fingerprint); });
}

void RowCache::PutRead(const RowFingerprint& fingerprint, std::string_view row, RowTicket ticket) {
  if (map_.size() == 0) {
    return;
  }
  internal::RowCacheCounters::Shard& shard = counters_.Local();
  if (row.size() > internal::kMaxRowBytes) {
    internal::Count(shard.refused_large);
    return;
  }
  internal::BucketDelta delta;
  {
    RowBucket& bucket = BucketOf(fingerprint);
    BucketWriter writer(bucket, std::try_to_lock);
    // clears_ only once the bucket is held: see Clear.
    if (!writer.holds() || &BucketOf(fingerprint) != &bucket ||
        TicketOf(clears_.load(), writer.changes()).moment != ticket.moment) {
      internal::Count(shard.refused_stale);
      return;
    }
    if (!writer.PutRead(fingerprint, row)) {
      internal::Count(shard.refused_hot);
    }
    delta = writer.delta();
  }
  Count(delta);
  GrowAfter(delta);
}

void RowCache::GrowAfter(const internal::BucketDelta& delta) {
  if (map_.full()) {
    return;
  }
  const bool is_dense = lines_.load(std::memory_order_relaxed) >
                        kLinesToGrow * static_cast<int64_t>(map_.state().used);
  if ((delta.evictions == 0 && !is_dense) || growing_.test_and_set(std::memory_order_acquire)) {
    return;
  }
  if (!map_.full()) {
    SplitBucket();
  }
  growing_.clear(std::memory_order_release);
}

void RowCache::SplitBucket() {
  const internal::BucketMap::Step step = map_.NextStep();
  BucketWriter parent(buckets_[step.parent]);
  BucketWriter child(buckets_[step.bucket]);
  parent.MoveTo(child, [&](const RowFingerprint& fingerprint) {
    return map_.IndexOf(fingerprint, step.after) == step.bucket;
  });
  // While both are held: who waits for the parent then sees that it was split.
  map_.Grow(step);
}

void RowCache::Clear() {
  clears_.fetch_add(1);
  // Upwards: what a split moves meanwhile is still to come.
  for (uint64_t i = 0; i < map_.state().used; ++i) {
    RowBucket& bucket = buckets_[i];
    // A bucket that was never written has no row, and writing to it would use memory. A PutRead
    // that takes it now is refused: it locks before it reads clears_, we count before we look, all
    // in sequential order, so one of the two sees the other.
    if (std::atomic_ref<uint64_t>(bucket.sequence).load() == 0) {
      continue;
    }
    BucketWriter writer(bucket);
    writer.Clear();
    Count(writer.delta());
  }
}

RowCacheStats RowCache::Stats() const {
  RowCacheStats stats = counters_.Sum();
  stats.capacity_bytes = map_.size() * sizeof(RowBucket);
  return stats;
}

void RowCache::Count(const internal::BucketDelta& delta) {
  internal::RowCacheCounters::Shard& shard = counters_.Local();
  // A conversion to unsigned is modulo 2^64, which is what the counters want of a negative number.
  if (delta.rows != 0) {
    internal::Count(shard.rows, static_cast<uint64_t>(delta.rows));
  }
  if (delta.lines != 0) {
    internal::Count(shard.lines, static_cast<uint64_t>(delta.lines));
    if (!map_.full()) {
      lines_.fetch_add(delta.lines, std::memory_order_relaxed);
    }
  }
  if (delta.evictions != 0) {
    internal::Count(shard.evictions, delta.evictions);
  }
}

}  // namespace flatkv
