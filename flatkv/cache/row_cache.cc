#include "flatkv/cache/row_cache.h"

#include <mutex>
#include <utility>

#include "flatkv/cache/bucket_writer.h"
#include "flatkv/cache/row_bucket.h"

namespace flatkv {

using internal::BucketWriter;
using internal::RowBucket;

namespace {

__extension__ using Uint128 = unsigned __int128;

RowTicket TicketOf(uint32_t clears, uint32_t changes) {
  return {(uint64_t{clears} << 32) | changes};
}

}  // namespace

StatusOr<std::unique_ptr<RowCache>> RowCache::Create(uint64_t budget_bytes) {
  ASSIGN_OR_RETURN(AnonymousMemory memory,
                   AnonymousMemory::Map(budget_bytes - budget_bytes % sizeof(RowBucket)));
  return std::unique_ptr<RowCache>(new RowCache(std::move(memory)));
}

RowCache::RowCache(AnonymousMemory memory)
    : memory_(std::move(memory)),
      buckets_(static_cast<RowBucket*>(memory_.data())),
      bucket_count_(memory_.size_bytes() / sizeof(RowBucket)) {}

RowBucket& RowCache::BucketOf(const RowFingerprint& fingerprint) const {
  // The high half of the product: even over any count, without a division.
  return buckets_[static_cast<uint64_t>(Uint128{fingerprint.low} * bucket_count_ >> 64)];
}

void RowCache::Prefetch(const RowFingerprint& fingerprint) const {
  if (bucket_count_ != 0) {
    __builtin_prefetch(&BucketOf(fingerprint));
  }
}

void RowCache::PrefetchRow(const RowFingerprint& fingerprint) const {
  if (bucket_count_ != 0) {
    internal::PrefetchEntry(BucketOf(fingerprint), fingerprint);
  }
}

bool RowCache::Find(const RowFingerprint& fingerprint, std::string* row, RowTicket* ticket) {
  internal::BucketRead read;
  if (bucket_count_ != 0) {
    // Before the bucket is read: a Clear in between then refuses the ticket.
    const uint32_t clears = clears_.load(std::memory_order_acquire);
    read = internal::ReadBucket(BucketOf(fingerprint), fingerprint, row);
    *ticket = TicketOf(clears, read.changes);
  } else {
    *ticket = {};
  }
  internal::RowCacheCounters::Shard& shard = counters_.Local();
  internal::Count(read.found ? shard.hits : shard.misses);
  return read.found;
}

void RowCache::Put(const RowFingerprint& fingerprint, std::string_view row) {
  if (bucket_count_ == 0) {
    return;
  }
  if (row.size() > internal::kMaxRowBytes) {
    internal::Count(counters_.Local().refused_large);
    Remove(fingerprint);
    return;
  }
  BucketWriter writer(BucketOf(fingerprint));
  writer.Put(fingerprint, row);
  Count(writer.delta());
}

void RowCache::Remove(const RowFingerprint& fingerprint) {
  if (bucket_count_ == 0) {
    return;
  }
  BucketWriter writer(BucketOf(fingerprint));
  writer.Remove(fingerprint);
  Count(writer.delta());
}

void RowCache::PutRead(const RowFingerprint& fingerprint, std::string_view row, RowTicket ticket) {
  if (bucket_count_ == 0) {
    return;
  }
  internal::RowCacheCounters::Shard& shard = counters_.Local();
  if (row.size() > internal::kMaxRowBytes) {
    internal::Count(shard.refused_large);
    return;
  }
  BucketWriter writer(BucketOf(fingerprint), std::try_to_lock);
  // clears_ only once the bucket is held: see Clear.
  if (!writer.holds() || TicketOf(clears_.load(), writer.changes()).moment != ticket.moment) {
    internal::Count(shard.refused_stale);
    return;
  }
  if (!writer.PutRead(fingerprint, row)) {
    internal::Count(shard.refused_hot);
  }
  Count(writer.delta());
}

void RowCache::Clear() {
  clears_.fetch_add(1);
  for (uint64_t i = 0; i < bucket_count_; ++i) {
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
  stats.capacity_bytes = memory_.size_bytes();
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
  }
  if (delta.evictions != 0) {
    internal::Count(shard.evictions, delta.evictions);
  }
}

}  // namespace flatkv
