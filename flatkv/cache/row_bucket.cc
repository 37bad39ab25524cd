#include "flatkv/cache/row_bucket.h"

#include <emmintrin.h>

#include <algorithm>
#include <bit>

#include "flatkv/cache/bucket_writer.h"

namespace flatkv::internal {
namespace {

// A writer has a bucket for well below a microsecond unless its thread is suspended; then a miss is
// better than waiting.
constexpr int kReadAttempts = 16;

void CountUse(RowBucket& bucket, size_t line) {
  const uint8_t use = LoadUse(bucket, line);
  // No store at the top: the header line of a row that all threads read stays shared.
  if (use < kMaxUse) {
    StoreUse(bucket, line, use < kProvenUse ? kProvenUse : static_cast<uint8_t>(use + 1));
  }
}

}  // namespace

uint8_t TagOf(const RowFingerprint& fingerprint) {
  return std::max<uint8_t>(1, static_cast<uint8_t>(fingerprint.high));
}

uint32_t MatchTags(RowBucket& bucket, const RowFingerprint& fingerprint) {
  const __m128i tags = _mm_set_epi64x(static_cast<int64_t>(Load(bucket.tags[1])),
                                      static_cast<int64_t>(Load(bucket.tags[0])));
  const __m128i wanted = _mm_set1_epi8(static_cast<char>(TagOf(fingerprint)));
  // Byte 0 belongs to the header itself and is always 0, no tag.
  return static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(tags, wanted)));
}

ReadAttempt::ReadAttempt(RowBucket& bucket, const RowFingerprint& fingerprint)
    : bucket_(bucket), sequence_(Load(bucket.sequence)) {
  if ((sequence_ & kLocked) != 0) {
    return;
  }
  for (uint32_t left = MatchTags(bucket, fingerprint); left != 0 && !found(); left &= left - 1) {
    const size_t line = static_cast<size_t>(std::countr_zero(left));
    if (CopyEntry(line, fingerprint)) {
      line_ = line;
    }
  }
}

// False when the fingerprint is another, or what is there cannot be an entry: a writer is at work.
bool ReadAttempt::CopyEntry(size_t line, const RowFingerprint& fingerprint) {
  uint64_t* words = WordsAt(bucket_, line);
  if (Load(words[0]) != fingerprint.low || Load(words[1]) != fingerprint.high) {
    return false;
  }
  copy_[0] = Load(words[2]);
  const size_t size = static_cast<uint16_t>(copy_[0]);
  if (size > kMaxRowBytes || line - 1 + LinesOf(size) > kDataLines) {
    return false;
  }
  const size_t count = (sizeof(uint16_t) + size + 7) / 8;
  for (size_t i = 1; i < count; ++i) {
    copy_[i] = Load(words[2 + i]);
  }
  return true;
}

bool ReadAttempt::IsWhole() const {
  return (sequence_ & kLocked) == 0 && Load(bucket_.sequence) == sequence_;
}

std::string_view ReadAttempt::row() const {
  return {reinterpret_cast<const char*>(copy_.data()) + sizeof(uint16_t),
          static_cast<uint16_t>(copy_[0])};
}

BucketRead ReadBucket(RowBucket& bucket, const RowFingerprint& fingerprint, std::string* row) {
  BucketRead read;
  for (int attempts = 0; attempts < kReadAttempts; ++attempts) {
    const ReadAttempt attempt(bucket, fingerprint);
    read.changes = attempt.changes();
    if (!attempt.IsWhole()) {
      _mm_pause();
      continue;
    }
    if (attempt.found()) {
      row->assign(attempt.row());
      CountUse(bucket, attempt.line());
      read.found = true;
    }
    break;
  }
  return read;
}

void PrefetchEntry(RowBucket& bucket, const RowFingerprint& fingerprint) {
  const uint32_t matches = MatchTags(bucket, fingerprint);
  if (matches == 0) {
    return;
  }
  const size_t line = static_cast<size_t>(std::countr_zero(matches));
  __builtin_prefetch(WordsAt(bucket, line));
  // An account row takes two lines; what is longer is rare, and read in order from there.
  if (((Load(bucket.extents) >> (4 * line)) & 15) > 1) {
    __builtin_prefetch(WordsAt(bucket, line) + kLineBytes / sizeof(uint64_t));
  }
}

}  // namespace flatkv::internal
