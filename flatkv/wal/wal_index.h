// The log in memory: its segments, and the offsets of the records of the segment that is being
// written.
//
// Invariant: segments are contiguous and chained; only the last one may be unsealed, and only it
// may hold no record (then its name still says which version comes next, and its header which
// digest). Thread safety: safe for concurrent use; changes come from one thread, the writer.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "flatkv/base/mutex.h"
#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/wal/wal_segment.h"

namespace flatkv::wal_internal {

// How a reader learns that versions of its range are gone.
struct ReadFence {
  explicit ReadFence(Version last_version) : last(last_version) {}
  const Version last;               // of the range
  std::atomic<Version> oldest = 0;  // versions below are pruned
  std::atomic<bool> cut = false;    // a cut removed the end of the range
};

struct RecordPlace {
  Segment segment;
  std::optional<uint64_t> offset;  // set unless the segment's index has it
  uint64_t generation = 0;         // changes before files are removed or cut
};

struct ReadRange {
  std::vector<Segment> segments;  // those that hold the range
  std::optional<uint64_t>
      offset;  // of the first version, set unless the first segment's index has it
  std::shared_ptr<const ReadFence> fence;
};

class WalIndex {
 public:
  // `offsets` are those of the last segment, empty if it is sealed.
  WalIndex(std::vector<Segment> segments, std::vector<uint64_t> offsets)
      : segments_(std::move(segments)), offsets_(std::move(offsets)) {}

  // 0 when no record is there.
  Version first() const EXCLUDES(mu_);
  Version last() const EXCLUDES(mu_);
  uint64_t generation() const EXCLUDES(mu_);
  uint64_t bytes() const EXCLUDES(mu_);
  // Oldest first.
  std::vector<Segment> segments() const EXCLUDES(mu_);
  std::optional<Segment> last_segment() const EXCLUDES(mu_);
  // The index of the last segment as a footer has it.
  std::string EncodedOffsets() const EXCLUDES(mu_);

  // Errors: kOutOfRange with Reason::kVersionPruned or kVersionAboveHead.
  StatusOr<RecordPlace> Locate(Version version) const EXCLUDES(mu_);
  StatusOr<ReadRange> OpenRange(Version first, Version last) EXCLUDES(mu_);

  void AddSegment(const Segment& segment) EXCLUDES(mu_);
  // The last segment grew by record `version` at its end, of `frame_bytes`.
  void AddRecord(Version version, const Digest& digest, uint64_t frame_bytes) EXCLUDES(mu_);
  void AddSeal() EXCLUDES(mu_);
  void AddFooter(uint64_t footer_bytes) EXCLUDES(mu_);
  // Before its file is removed, so that a read that misses the file can tell why.
  void RemoveOldest() EXCLUDES(mu_);
  // Takes RemoveOldest back.
  void RestoreOldest(const Segment& segment) EXCLUDES(mu_);
  // Removes the last segment, which holds no record.
  void RemoveEmptyLast() EXCLUDES(mu_);
  // Removes what is above `version`; `kept` and `offsets` replace the segment of that first
  // version.
  void Cut(Version version, const Segment& kept, std::vector<uint64_t> offsets) EXCLUDES(mu_);

 private:
  Version FirstLocked() const REQUIRES(mu_);
  Version LastLocked() const REQUIRES(mu_);
  Status CheckRange(Version first, Version last) const REQUIRES(mu_);
  // The position of the segment that holds `version`.
  size_t Find(Version version) const REQUIRES(mu_);
  std::optional<uint64_t> OffsetInMemory(size_t position, Version version) const REQUIRES(mu_);
  void DropDeadFences() REQUIRES(mu_);
  // Tells the readers where the log starts now.
  void MoveFences() REQUIRES(mu_);

  mutable Mutex mu_;
  std::vector<Segment> segments_ GUARDED_BY(mu_);
  std::vector<uint64_t> offsets_ GUARDED_BY(mu_);
  std::vector<std::weak_ptr<ReadFence>> fences_ GUARDED_BY(mu_);
  uint64_t generation_ GUARDED_BY(mu_) = 0;
};

}  // namespace flatkv::wal_internal
