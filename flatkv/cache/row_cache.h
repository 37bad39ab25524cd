// The newest stored rows of the data DBs, within a budget of bytes.
//
// Rows are found by fingerprint (row_fingerprint.h) in buckets of 1 KiB (row_bucket.h); each bucket
// decides by itself what stays (bucket_writer.h). 15 storage rows of 41 bytes take 1 KiB, so a row
// costs 68.3 bytes, all overhead included. Rows above 942 bytes are not kept.
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
  // Reserves `budget_bytes`, rounded down to whole KiB; memory is used as rows come in. Below 1 KiB
  // the cache holds nothing, and all calls still work. Errors: kResourceExhausted.
  static StatusOr<std::unique_ptr<RowCache>> Create(uint64_t budget_bytes);
  RowCache(const RowCache&) = delete;
  RowCache& operator=(const RowCache&) = delete;

  // For many keys at once: Prefetch for each, then PrefetchRow for each, then Find for each. The
  // first starts loading the bucket's header, the second, which needs the header, the row. Neither
  // changes anything.
  void Prefetch(const RowFingerprint& fingerprint) const;
  void PrefetchRow(const RowFingerprint& fingerprint) const;

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
  explicit RowCache(AnonymousMemory memory);

  internal::RowBucket& BucketOf(const RowFingerprint& fingerprint) const;
  void Count(const internal::BucketDelta& delta);

  // Constant after construction.
  const AnonymousMemory memory_;
  internal::RowBucket* const buckets_;
  const uint64_t bucket_count_;

  // Provide their own synchronization.
  std::atomic<uint32_t> clears_ = 0;
  internal::RowCacheCounters counters_;
};

}  // namespace flatkv
