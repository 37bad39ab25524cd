// One bucket of the row cache: 1 KiB, a header line and 15 data lines of 64 bytes.
//
// An entry takes one to 15 neighbouring data lines: the fingerprint (16 bytes), the row's size (2),
// the row. A storage row of 41 bytes fits one line. Lines are numbered 1 to 15, so that byte i of
// the header's arrays belongs to line i; what belongs to an entry stands at its first line.
//
//   sequence  bit 0: a writer has the bucket. Bits 1-31 count the writes, bits 32-63 the changes:
//             those writes after which a row that was read before may be stale. Both wrap.
//   tags      a byte of the fingerprint, never 0; 0: no entry starts at this line
//   uses      what the entry is worth to keep (bucket_writer.h)
//   extents   four bits a line: how many lines the entry that starts there takes, 0 for none
//   hand      where the next entry looks for room first, and the reads turned away
//
// All zero is an empty bucket, so fresh memory needs no preparation.
//
// Thread safety: a seqlock. A writer makes the sequence odd, changes the bucket, makes it even
// again. A reader copies what it wants between two looks at the sequence and keeps the copy only if
// both saw the same even number; it writes nothing but `uses`, so it neither blocks nor is blocked.
// Every word is loaded with acquire and stored with release order: a reader that saw any word of a
// write then also sees its odd sequence, and no fences are needed (nor understood by
// ThreadSanitizer). On x86-64 these are plain moves.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "flatkv/cache/row_fingerprint.h"

namespace flatkv::internal {

inline constexpr size_t kDataLines = 15;
inline constexpr size_t kLineBytes = 64;
inline constexpr size_t kEntryHeaderBytes = 18;  // the fingerprint and the size
// The largest row that is cached.
inline constexpr size_t kMaxRowBytes = kDataLines * kLineBytes - kEntryHeaderBytes;

// How many lines an entry with a row of `row_bytes` takes. REQUIRES: row_bytes <= kMaxRowBytes.
constexpr size_t LinesOf(size_t row_bytes) {
  return (kEntryHeaderBytes + row_bytes + kLineBytes - 1) / kLineBytes;
}
static_assert(LinesOf(41) == 1 && LinesOf(kMaxRowBytes) == kDataLines);

inline constexpr uint64_t kLocked = 1;
inline constexpr uint64_t kOneWrite = 2;
inline constexpr uint64_t kOneChange = uint64_t{1} << 32;
constexpr uint32_t ChangesOf(uint64_t sequence) { return static_cast<uint32_t>(sequence >> 32); }

struct alignas(kLineBytes) RowBucket {
  using Line = std::array<uint64_t, kLineBytes / sizeof(uint64_t)>;

  uint64_t sequence;
  std::array<uint64_t, 2> tags;
  std::array<uint8_t, kDataLines + 1> uses;
  uint64_t extents;
  uint64_t hand;
  uint64_t unused;
  std::array<Line, kDataLines> lines;
};
static_assert(sizeof(RowBucket) == (kDataLines + 1) * kLineBytes);

// Every access to a bucket's words goes through these two.
inline uint64_t Load(uint64_t& word) {
  return std::atomic_ref<uint64_t>(word).load(std::memory_order_acquire);
}
inline void Store(uint64_t& word, uint64_t value) {
  std::atomic_ref<uint64_t>(word).store(value, std::memory_order_release);
}
// A use that another thread overwrites meanwhile is lost; it is only a hint.
inline uint8_t LoadUse(RowBucket& bucket, size_t line) {
  return std::atomic_ref<uint8_t>(bucket.uses[line]).load(std::memory_order_relaxed);
}
inline void StoreUse(RowBucket& bucket, size_t line, uint8_t use) {
  std::atomic_ref<uint8_t>(bucket.uses[line]).store(use, std::memory_order_relaxed);
}

// Bit i: an entry with this fingerprint's tag starts at line i. While a writer has the bucket it
// may be anything.
uint32_t MatchTags(RowBucket& bucket, const RowFingerprint& fingerprint);
uint8_t TagOf(const RowFingerprint& fingerprint);
// The words of data line `line` and of those after it, up to the bucket's end.
inline uint64_t* WordsAt(RowBucket& bucket, size_t line) { return bucket.lines[line - 1].data(); }

// One attempt to read an entry: copies it at once, says afterwards whether the copy is good.
class ReadAttempt {
 public:
  ReadAttempt(RowBucket& bucket, const RowFingerprint& fingerprint);
  ReadAttempt(const ReadAttempt&) = delete;
  ReadAttempt& operator=(const ReadAttempt&) = delete;

  // Whether no writer has been at work since before the copy. If not, found() and row() mean
  // nothing.
  bool IsWhole() const;
  bool found() const { return line_ != 0; }
  size_t line() const { return line_; }
  // Valid while this object lives. REQUIRES: found().
  std::string_view row() const;
  // Of the bucket, from before the copy.
  uint32_t changes() const { return ChangesOf(sequence_); }

 private:
  bool CopyEntry(size_t line, const RowFingerprint& fingerprint);

  RowBucket& bucket_;
  const uint64_t sequence_;
  size_t line_ = 0;
  // The entry's words after the fingerprint; set as far as the row goes.
  std::array<uint64_t, kDataLines * 8 - 2> copy_;
};

struct BucketRead {
  bool found = false;
  uint32_t changes = 0;  // of the bucket when it was read
};
// Copies the row into *row, left alone when it is not found, and counts its use. A bucket that
// writers keep busy has nothing.
BucketRead ReadBucket(RowBucket& bucket, const RowFingerprint& fingerprint, std::string* row);

// Starts loading the lines of the entry, if there is one.
void PrefetchEntry(RowBucket& bucket, const RowFingerprint& fingerprint);

}  // namespace flatkv::internal
