// Changes a bucket of the row cache: the lock, and which rows stay.
//
// What an entry is worth, its use:
//   0     it came in by a read and has not been asked for again: on probation, goes first
//   1     it was worth more and has aged
//   2     a committed row, or one that was asked for again
//   3     asked for more often; higher counts would keep what was hot long ago for too long
// Room is made in the neighbouring lines whose highest use is lowest, the longest undisturbed first
// among equals. When a committed row has to displace an entry of use 2 or more, all uses of the
// bucket fall by as much as brings that one to 1, but none below 1: what was hot once goes in the
// end. A row from a read displaces rows on probation only, or aged ones as long as no more than
// kProbationLines are on probation. So a scan, however long, takes a fifth of a bucket at most, and
// of that only what nobody has asked for lately.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>

#include "flatkv/cache/row_bucket.h"

namespace flatkv::internal {

inline constexpr uint8_t kProvenUse = 2;
inline constexpr uint8_t kMaxUse = 3;
inline constexpr size_t kProbationLines = 3;
// So many reads are turned away by a bucket in which everything is hot until it ages by one.
inline constexpr uint64_t kReadsUntilAgeing = 16;

// What a writer did to a bucket's content.
struct BucketDelta {
  int64_t rows = 0;
  int64_t lines = 0;
  uint64_t evictions = 0;
};

// Holds the bucket while it lives; readers retry meanwhile, so nothing else may be done in between.
class BucketWriter {
 public:
  // Waits until no other writer has the bucket.
  explicit BucketWriter(RowBucket& bucket);
  // Takes the bucket only if it is free: ask holds().
  BucketWriter(RowBucket& bucket, std::try_to_lock_t);
  ~BucketWriter();
  BucketWriter(const BucketWriter&) = delete;
  BucketWriter& operator=(const BucketWriter&) = delete;

  bool holds() const { return holds_; }

  // REQUIRES, for all that follow: holds().
  uint32_t changes() const { return ChangesOf(sequence_); }
  // Puts a committed row, in the place of what the fingerprint had. A change.
  // REQUIRES: row.size() <= kMaxRowBytes.
  void Put(const RowFingerprint& fingerprint, std::string_view row);
  // A change even if there was nothing: a read may be under way.
  void Remove(const RowFingerprint& fingerprint);
  // Removes every row. Not a change by itself: RowCache::Clear refuses earlier reads as a whole.
  void Clear();
  // Puts a row that was read, unless the fingerprint has one. Not a change: the row is what the DB
  // has. False when the bucket keeps what it has. REQUIRES: row.size() <= kMaxRowBytes.
  bool PutRead(const RowFingerprint& fingerprint, std::string_view row);

  // Moves the rows for which `goes` says so into `target`, which no reader knows yet and which has
  // never held a row. A change to both: neither takes a read from before.
  template <typename Goes>
  void MoveTo(BucketWriter& target, Goes goes) {
    target.sequence_ = uint64_t{changes()} << 32;  // as many changes as this one has
    changed_ = target.changed_ = true;
    size_t free_line = 1;
    for (size_t line = 1; line <= kDataLines; ++line) {
      if (ExtentAt(line) != 0 && goes(FingerprintAt(line))) {
        free_line += MoveEntry(line, target, free_line);
      }
    }
  }

  const BucketDelta& delta() const { return delta_; }

 private:
  struct Window {
    size_t first = 0;  // line
    uint8_t cost = 0;  // 0: free; else 1 + the highest use in it
  };
  // By line: 0 where it is free, else 1 + the use of the entry that covers it.
  using Costs = std::array<uint8_t, kDataLines + 1>;

  bool TryLock();
  size_t LineOf(const RowFingerprint& fingerprint) const;
  size_t ExtentAt(size_t line) const;
  RowFingerprint FingerprintAt(size_t line) const;
  // Returns how many lines the entry takes.
  size_t MoveEntry(size_t line, BucketWriter& target, size_t target_line);
  void SetExtent(size_t line, size_t lines);
  void SetTag(size_t line, uint8_t tag);
  Costs CostsOfLines() const;
  Window CheapestWindow(const Costs& costs, size_t lines) const;
  // Lowers all uses above 1 by `by`, but not below 1.
  void Age(uint8_t by);
  void TurnAway();
  void Evict(size_t first, size_t lines);
  void Erase(size_t line);
  void Insert(size_t line, const RowFingerprint& fingerprint, std::string_view row, uint8_t use);
  void Write(size_t line, const RowFingerprint& fingerprint, std::string_view row);

  RowBucket& bucket_;
  uint64_t sequence_ = 0;  // before this writer
  bool holds_ = false;
  bool written_ = false;
  bool changed_ = false;
  BucketDelta delta_;
};

// Starts loading what a Put will write: the entry, or where room for it is looked for first.
void PrefetchPlace(RowBucket& bucket, const RowFingerprint& fingerprint);

}  // namespace flatkv::internal
