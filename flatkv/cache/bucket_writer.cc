#include "flatkv/cache/bucket_writer.h"

#include <emmintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <thread>

namespace flatkv::internal {
namespace {

constexpr int kSpins = 64;
// The hand word: the line in the low byte, the reads turned away above it.
constexpr uint64_t kHandMask = 0xff;
constexpr uint64_t kOneTurnedAway = kHandMask + 1;

}  // namespace

BucketWriter::BucketWriter(RowBucket& bucket) : bucket_(bucket) {
  for (int spins = 0; !TryLock(); ++spins) {
    if (spins < kSpins) {
      _mm_pause();
    } else {
      // Its holder has been suspended: let it run.
      std::this_thread::yield();
    }
  }
}

BucketWriter::BucketWriter(RowBucket& bucket, std::try_to_lock_t) : bucket_(bucket) { TryLock(); }

BucketWriter::~BucketWriter() {
  if (holds_) {
    Store(bucket_.sequence,
          sequence_ + (written_ || changed_ ? kOneWrite : 0) + (changed_ ? kOneChange : 0));
  }
}

bool BucketWriter::TryLock() {
  std::atomic_ref<uint64_t> sequence(bucket_.sequence);
  sequence_ = sequence.load(std::memory_order_relaxed);
  // In sequential order, because RowCache::Clear relies on it.
  holds_ = (sequence_ & kLocked) == 0 &&
           sequence.compare_exchange_strong(sequence_, sequence_ | kLocked);
  return holds_;
}

void BucketWriter::Put(const RowFingerprint& fingerprint, std::string_view row) {
  changed_ = true;
  const size_t lines = LinesOf(row.size());
  uint8_t use = kProvenUse;
  if (const size_t line = LineOf(fingerprint); line != 0) {
    use = std::max(use, LoadUse(bucket_, line));
    if (ExtentAt(line) == lines) {
      StoreUse(bucket_, line, use);
      Write(line, fingerprint, row);
      return;
    }
    Erase(line);
  }
  const Window window = CheapestWindow(CostsOfLines(), lines);
  if (const int use_displaced = window.cost - 1; use_displaced >= kProvenUse) {
    Age(static_cast<uint8_t>(use_displaced - 1));
  }
  Evict(window.first, lines);
  Insert(window.first, fingerprint, row, use);
}

void BucketWriter::Remove(const RowFingerprint& fingerprint) {
  changed_ = true;
  if (const size_t line = LineOf(fingerprint); line != 0) {
    Erase(line);
  }
}

void BucketWriter::Clear() {
  for (size_t line = 1; line <= kDataLines; ++line) {
    if (ExtentAt(line) != 0) {
      Erase(line);
    }
  }
}

bool BucketWriter::PutRead(const RowFingerprint& fingerprint, std::string_view row) {
  if (LineOf(fingerprint) != 0) {
    return true;
  }
  const size_t lines = LinesOf(row.size());
  Costs costs = CostsOfLines();
  const size_t on_probation = static_cast<size_t>(std::count(costs.begin(), costs.end(), 1));
  uint8_t allowed = 1;
  if (on_probation + lines <= kProbationLines) {
    // As good as on probation, so that the oldest goes, and not always the last read.
    allowed = 2;
    std::replace(costs.begin(), costs.end(), uint8_t{1}, allowed);
  }
  const Window window = CheapestWindow(costs, lines);
  if (window.cost > allowed) {
    TurnAway();
    return false;
  }
  Evict(window.first, lines);
  Insert(window.first, fingerprint, row, 0);
  return true;
}

size_t BucketWriter::LineOf(const RowFingerprint& fingerprint) const {
  for (uint32_t left = MatchTags(bucket_, fingerprint); left != 0; left &= left - 1) {
    const size_t line = static_cast<size_t>(std::countr_zero(left));
    uint64_t* words = WordsAt(bucket_, line);
    if (Load(words[0]) == fingerprint.low && Load(words[1]) == fingerprint.high) {
      return line;
    }
  }
  return 0;
}

size_t BucketWriter::ExtentAt(size_t line) const {
  return (Load(bucket_.extents) >> (4 * line)) & 15;
}

RowFingerprint BucketWriter::FingerprintAt(size_t line) const {
  uint64_t* words = WordsAt(bucket_, line);
  return {Load(words[0]), Load(words[1])};
}

size_t BucketWriter::MoveEntry(size_t line, BucketWriter& target, size_t target_line) {
  const size_t lines = ExtentAt(line);
  uint64_t* from = WordsAt(bucket_, line);
  uint64_t* to = WordsAt(target.bucket_, target_line);
  for (size_t i = 0; i < lines * kLineBytes / sizeof(uint64_t); ++i) {
    Store(to[i], Load(from[i]));
  }
  target.SetTag(target_line, TagOf(FingerprintAt(line)));
  target.SetExtent(target_line, lines);
  StoreUse(target.bucket_, target_line, LoadUse(bucket_, line));
  target.written_ = true;
  Erase(line);
  return lines;
}

void BucketWriter::SetExtent(size_t line, size_t lines) {
  const uint64_t others = Load(bucket_.extents) & ~(uint64_t{15} << (4 * line));
  Store(bucket_.extents, others | (uint64_t{lines} << (4 * line)));
}

void BucketWriter::SetTag(size_t line, uint8_t tag) {
  uint64_t& tags = bucket_.tags[line / 8];
  const size_t shift = 8 * (line % 8);
  Store(tags, (Load(tags) & ~(uint64_t{0xff} << shift)) | (uint64_t{tag} << shift));
}

BucketWriter::Costs BucketWriter::CostsOfLines() const {
  Costs costs{};
  uint8_t cost = 0;
  size_t covered = 0;  // lines of the entry that are still to come
  for (size_t line = 1; line <= kDataLines; ++line) {
    if (const size_t extent = ExtentAt(line); extent != 0) {
      cost = static_cast<uint8_t>(1 + LoadUse(bucket_, line));
      covered = extent;
    }
    if (covered != 0) {
      costs[line] = cost;
      --covered;
    }
  }
  return costs;
}

BucketWriter::Window BucketWriter::CheapestWindow(const Costs& costs, size_t lines) const {
  const size_t places = kDataLines + 1 - lines;
  Window cheapest;
  unsigned cheapest_sum = 0;
  size_t first = (Load(bucket_.hand) & kHandMask) % places;
  for (size_t i = 0; i < places; ++i, first = first + 1 == places ? 0 : first + 1) {
    uint8_t cost = 0;
    unsigned sum = 0;
    for (size_t line = first + 1; line <= first + lines; ++line) {
      cost = std::max(cost, costs[line]);
      sum += costs[line];
    }
    if (cheapest.first == 0 || cost < cheapest.cost ||
        (cost == cheapest.cost && sum < cheapest_sum)) {
      cheapest = {first + 1, cost};
      cheapest_sum = sum;
      if (sum == 0) {
        break;
      }
    }
  }
  return cheapest;
}

void BucketWriter::Age(uint8_t by) {
  for (size_t line = 1; line <= kDataLines; ++line) {
    if (const uint8_t use = LoadUse(bucket_, line); use > 1) {
      StoreUse(bucket_, line, static_cast<uint8_t>(std::max(1, use - by)));
    }
  }
}

void BucketWriter::TurnAway() {
  uint64_t hand = Load(bucket_.hand) + kOneTurnedAway;
  if (hand >= kReadsUntilAgeing * kOneTurnedAway) {
    Age(1);
    hand &= kHandMask;
  }
  Store(bucket_.hand, hand);
}

void BucketWriter::Evict(size_t first, size_t lines) {
  // Downwards, so that the first entry found to start below the window is the only one to reach in.
  for (size_t line = first + lines - 1; line != 0; --line) {
    const size_t extent = ExtentAt(line);
    if (extent == 0) {
      continue;
    }
    if (line + extent > first) {
      Erase(line);
      ++delta_.evictions;
    }
    if (line <= first) {
      break;
    }
  }
}

void BucketWriter::Erase(size_t line) {
  written_ = true;
  --delta_.rows;
  delta_.lines -= static_cast<int64_t>(ExtentAt(line));
  SetTag(line, 0);
  SetExtent(line, 0);
  StoreUse(bucket_, line, 0);
}

void BucketWriter::Insert(size_t line, const RowFingerprint& fingerprint, std::string_view row,
                          uint8_t use) {
  const size_t lines = LinesOf(row.size());
  SetTag(line, TagOf(fingerprint));
  SetExtent(line, lines);
  StoreUse(bucket_, line, use);
  Write(line, fingerprint, row);
  // Counted from 0, so this is the line after the entry.
  Store(bucket_.hand, (Load(bucket_.hand) & ~kHandMask) | (line - 1 + lines));
  ++delta_.rows;
  delta_.lines += static_cast<int64_t>(lines);
}

void BucketWriter::Write(size_t line, const RowFingerprint& fingerprint, std::string_view row) {
  written_ = true;
  std::array<uint64_t, kDataLines * 8 - 2> copy;
  const size_t count = (sizeof(uint16_t) + row.size() + 7) / 8;
  copy[count - 1] = 0;
  copy[0] = 0;
  const auto size = static_cast<uint16_t>(row.size());
  std::memcpy(copy.data(), &size, sizeof(size));
  if (!row.empty()) {
    std::memcpy(reinterpret_cast<char*>(copy.data()) + sizeof(size), row.data(), row.size());
  }
  uint64_t* words = WordsAt(bucket_, line);
  Store(words[0], fingerprint.low);
  Store(words[1], fingerprint.high);
  for (size_t i = 0; i < count; ++i) {
    Store(words[2 + i], copy[i]);
  }
}

void PrefetchPlace(RowBucket& bucket, const RowFingerprint& fingerprint) {
  if (MatchTags(bucket, fingerprint) != 0) {
    PrefetchEntry(bucket, fingerprint);
  } else {
    __builtin_prefetch(WordsAt(bucket, 1 + (Load(bucket.hand) & kHandMask) % kDataLines), 1);
  }
}

}  // namespace flatkv::internal
