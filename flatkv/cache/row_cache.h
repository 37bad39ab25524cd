// The newest stored rows of the data DBs, within a budget of bytes.
//
// Rows are found by fingerprint (row_fingerprint.h) in buckets of 1 KiB (row_bucket.h); each bucket
// decides by itself what stays (bucket_writer.h). 15 storage rows of 41 bytes take 1 KiB, so a row
// costs 68.3 bytes, all overhead included. Rows above 942 bytes are not kept.
//
// Buckets come into use one by one (bucket_map.h), one for every kLinesToGrow lines of rows or when
// a row had to be evicted, until the budget is used: a small state takes little memory, and memory
// that is touched for the first time is cleared a little at a time.
//
// What Find returns is never older than what the cache was last told about the key, under two
// rules for the caller:
//   - Put and Remove come after the data DB answers readers with what they say, and for one key in
//     the order of the versions: one thread, the one that writes behind, is simplest.
//   - A row that was read from the data DB goes in by PutRead with the ticket of the Find that
//     missed before the read. A row in the overlay, newer than the data DB, does not.
//
// Thread safety: safe for concurrent use, Clear included. Find blocks nobody and waits for nobody.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "flatkv/base/anonymous_memory.h"
#include "flatkv/base/status.h"
#include "flatkv/cache/bucket_map.h"
#include "flatkv/cache/row_cache_counters.h"
#include "flatkv/cache/row_fingerprint.h"

namespace flatkv {

namespace internal {
struct BucketDelta;
struct RowBucket;
}  // namespace internal

// How far the changes to a fingerprint's neighbourhood had come at a Find.
struct RowTicket {
  uint64_t moment = UINT64_MAX;  // no moment: what comes with it is refused
};

class RowCache {
 public:
  // One huge page.
  static constexpr uint64_t kFirstBytes = uint64_t{2} << 20;
  // Reserves `budget_bytes`, rounded down to whole KiB and then by less than one part in
  // `first_bytes` / 1 KiB; memory is used as rows come in, at first no more than twice
  // `first_bytes`. With a budget below 1 KiB the cache holds nothing, and all calls still work.
  // REQUIRES: first_bytes >= 1 KiB. Errors: kResourceExhausted.
  static StatusOr<std::unique_ptr<RowCache>> Create(uint64_t budget_bytes,
                                                    uint64_t first_bytes = kFirstBytes);
  RowCache(const RowCache&) = delete;
  RowCache& operator=(const RowCache&) = delete;

  // For many keys at once: Prefetch for each, then PrefetchRow for each, then Find for each; or
  // PrefetchPlace and Put. The first starts loading the bucket's header, the second, which needs
  // the header, the row. None changes anything.
  void Prefetch(const RowFingerprint& fingerprint) const;
  void PrefetchRow(const RowFingerprint& fingerprint) const;
  void PrefetchPlace(const RowFingerprint& fingerprint) const;

  // Copies the row into *row and returns true; leaves *row alone when the row is not cached. Sets
  // *ticket, for PutRead, in either case.
  bool Find(const RowFingerprint& fingerprint, std::string* row, RowTicket* ticket);

  // A committed row: replaces the one before. One that is too large removes it.
  void Put(const RowFingerprint& fingerprint, std::string_view row);
  // The row is gone, or must be forgotten.
  void Remove(const RowFingerprint& fingerprint);
  // A row that was read from the DB after `ticket` was given. It is dropped when anything was put
  // or removed in its bucket since (the row may be older than that), when another thread writes to
  // the bucket, or when the bucket's rows are worth more. Keeps a row that is there already.
  void PutRead(const RowFingerprint& fingerprint, std::string_view row, RowTicket ticket);
  // Forgets everything, and refuses the reads that are under way, for instance after a rollback: to
  // be called when the DBs answer with what is right. What is put meanwhile may or may not stay.
  // Takes time in proportion to the memory in use; gives none back.
  void Clear();

  RowCacheStats Stats() const;

 private:
  RowCache(AnonymousMemory memory, uint64_t first_bytes);

  internal::RowBucket& BucketOf(const RowFingerprint& fingerprint) const;
  // Calls change(writer) with the bucket that is the fingerprint's then.
  template <typename Change>
  void ChangeBucket(const RowFingerprint& fingerprint, Change change);
  void Count(const internal::BucketDelta& delta);
  // Takes another bucket into use if this change was one that asks for it.
  void GrowAfter(const internal::BucketDelta& delta);
  void SplitBucket();

  // Constant after construction.
  const AnonymousMemory memory_;
  internal::RowBucket* const buckets_;

  // Provide their own synchronization.
  internal::BucketMap map_;
  std::atomic_flag growing_;        // whoever set it may grow map_
  std::atomic<int64_t> lines_ = 0;  // in use; counted until map_ is full
  std::atomic<uint32_t> clears_ = 0;
  internal::RowCacheCounters counters_;
};

}  // namespace flatkv
