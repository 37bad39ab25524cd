#include "flatkv/wal/wal_index.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "flatkv/base/check.h"
#include "flatkv/base/endian.h"
#include "flatkv/wal/wal_format.h"

namespace flatkv::wal_internal {

Version WalIndex::FirstLocked() const {
  return segments_.empty() || segments_.front().empty() ? 0 : segments_.front().first;
}

Version WalIndex::LastLocked() const { return FirstLocked() == 0 ? 0 : segments_.back().last; }

Version WalIndex::first() const {
  MutexLock lock(mu_);
  return FirstLocked();
}

Version WalIndex::last() const {
  MutexLock lock(mu_);
  return LastLocked();
}

uint64_t WalIndex::generation() const {
  MutexLock lock(mu_);
  return generation_;
}

uint64_t WalIndex::bytes() const {
  MutexLock lock(mu_);
  uint64_t bytes = 0;
  for (const Segment& segment : segments_) {
    bytes += segment.size_bytes;
  }
  return bytes;
}

std::vector<Segment> WalIndex::segments() const {
  MutexLock lock(mu_);
  return segments_;
}

std::optional<Segment> WalIndex::last_segment() const {
  MutexLock lock(mu_);
  return segments_.empty() ? std::nullopt : std::optional<Segment>(segments_.back());
}

std::string WalIndex::EncodedOffsets() const {
  MutexLock lock(mu_);
  std::string encoded;
  encoded.reserve(offsets_.size() * sizeof(uint64_t));
  for (const uint64_t offset : offsets_) {
    AppendLe64(&encoded, offset);
  }
  return encoded;
}

Status WalIndex::CheckRange(Version first, Version last) const {
  const Version log_first = FirstLocked();
  const Version log_last = LastLocked();
  if (first > last) {
    return OutOfRange(fmt::format("changelog: the range {}..{} is empty", first, last));
  }
  if (log_first != 0 && first >= log_first && last <= log_last) {
    return OkStatus();
  }
  const bool below = log_first != 0 && first < log_first;
  const Version missing = below ? first : last;
  const std::string held =
      log_first == 0 ? "no version" : fmt::format("{}..{}", log_first, log_last);
  return WithReason(
      OutOfRange(fmt::format("changelog: version {} is not there (it holds {})", missing, held)),
      below ? Reason::kVersionPruned : Reason::kVersionAboveHead);
}

size_t WalIndex::Find(Version version) const {
  const auto after = std::upper_bound(
      segments_.begin(), segments_.end(), version,
      [](Version wanted, const Segment& segment) { return wanted < segment.first; });
  FLATKV_CHECK(after != segments_.begin());
  return static_cast<size_t>(after - segments_.begin()) - 1;
}

std::optional<uint64_t> WalIndex::OffsetInMemory(size_t position, Version version) const {
  const Segment& segment = segments_[position];
  if (segment.sealed()) {
    return std::nullopt;
  }
  return offsets_.at(static_cast<size_t>(version - segment.first));
}

StatusOr<RecordPlace> WalIndex::Locate(Version version) const {
  MutexLock lock(mu_);
  RETURN_IF_ERROR(CheckRange(version, version));
  const size_t position = Find(version);
  return RecordPlace{segments_[position], OffsetInMemory(position, version), generation_};
}

StatusOr<ReadRange> WalIndex::OpenRange(Version first, Version last) {
  MutexLock lock(mu_);
  RETURN_IF_ERROR(CheckRange(first, last));
  const size_t position = Find(first);
  const size_t end = Find(last) + 1;
  ReadRange range;
  range.segments.assign(segments_.begin() + static_cast<std::ptrdiff_t>(position),
                        segments_.begin() + static_cast<std::ptrdiff_t>(end));
  range.offset = OffsetInMemory(position, first);
  auto fence = std::make_shared<ReadFence>(last);
  range.fence = fence;
  DropDeadFences();
  fences_.push_back(fence);
  return range;
}

void WalIndex::DropDeadFences() {
  std::erase_if(fences_, [](const std::weak_ptr<ReadFence>& fence) { return fence.expired(); });
}

void WalIndex::AddSegment(const Segment& segment) {
  MutexLock lock(mu_);
  segments_.push_back(segment);
  offsets_.clear();
}

void WalIndex::AddRecord(Version version, const Digest& digest, uint64_t frame_bytes) {
  MutexLock lock(mu_);
  Segment& segment = segments_.back();
  FLATKV_CHECK(!segment.sealed() && version == segment.last + 1);
  offsets_.push_back(segment.size_bytes);
  segment.last = version;
  segment.last_digest = digest;
  segment.size_bytes += frame_bytes;
  segment.last_acknowledged = false;
}

void WalIndex::AddSeal() {
  MutexLock lock(mu_);
  segments_.back().size_bytes += wal_format::kSealBytes;
  segments_.back().last_acknowledged = true;
}

void WalIndex::AddFooter(uint64_t footer_bytes) {
  MutexLock lock(mu_);
  Segment& segment = segments_.back();
  segment.index_offset = segment.size_bytes;
  segment.size_bytes += footer_bytes;
  offsets_.clear();
}

void WalIndex::RemoveOldest() {
  MutexLock lock(mu_);
  FLATKV_CHECK(segments_.size() > 1);
  segments_.erase(segments_.begin());
  MoveFences();
}

void WalIndex::RestoreOldest(const Segment& segment) {
  MutexLock lock(mu_);
  segments_.push_back(segment);
  std::rotate(segments_.begin(), segments_.end() - 1, segments_.end());
  MoveFences();
}

void WalIndex::MoveFences() {
  ++generation_;
  for (const std::weak_ptr<ReadFence>& weak : fences_) {
    if (const std::shared_ptr<ReadFence> fence = weak.lock()) {
      fence->oldest = segments_.front().first;
    }
  }
}

void WalIndex::RemoveEmptyLast() {
  MutexLock lock(mu_);
  FLATKV_CHECK(!segments_.empty() && segments_.back().empty());
  segments_.pop_back();
  ++generation_;
}

void WalIndex::Cut(Version version, const Segment& kept, std::vector<uint64_t> offsets) {
  MutexLock lock(mu_);
  while (segments_.back().first != kept.first) {
    segments_.pop_back();
  }
  segments_.back() = kept;
  offsets_ = std::move(offsets);
  ++generation_;
  for (const std::weak_ptr<ReadFence>& weak : fences_) {
    if (const std::shared_ptr<ReadFence> fence = weak.lock(); fence && fence->last > version) {
      fence->cut = true;
    }
  }
}

}  // namespace flatkv::wal_internal
