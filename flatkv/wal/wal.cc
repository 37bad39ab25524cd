#include "flatkv/wal/wal.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "flatkv/base/mutex.h"
#include "flatkv/wal/wal_cut.h"
#include "flatkv/wal/wal_index.h"
#include "flatkv/wal/wal_open.h"
#include "flatkv/wal/wal_reader.h"
#include "flatkv/wal/wal_segment_name.h"
#include "flatkv/wal/wal_writer.h"

namespace flatkv {
namespace {

using namespace wal_internal;

class WalImpl final : public Wal {
 public:
  WalImpl(FileSystem& fs, std::string directory, const WalOptions& options, OpenedLog opened)
      : fs_(fs),
        directory_(std::move(directory)),
        segment_bytes_(options.segment_bytes),
        recovery_(std::move(opened.recovery)),
        index_(std::move(opened.segments), std::move(opened.offsets)),
        writer_(fs, directory_, options.segment_bytes, &index_) {}

  Status Start() { return writer_.Start(); }

  const WalRecovery& recovery() const override { return recovery_; }
  bool empty() const override { return index_.last() == 0; }
  Version first_version() const override { return index_.first(); }
  Version last_version() const override { return index_.last(); }
  bool last_segment_full() const override {
    const std::optional<Segment> last = index_.last_segment();
    return last.has_value() && !last->empty() && last->size_bytes >= segment_bytes_;
  }

  Status Append(Version version, std::string_view payload, const Digest& content_digest,
                const Digest& root) override {
    return writer_.Append(version, payload, content_digest, root);
  }
  Status Sync() override { return writer_.Sync(); }
  Status Acknowledge(Version version) override { return writer_.Acknowledge(version); }

  StatusOr<WalRecordInfo> Find(Version version) override;
  StatusOr<std::unique_ptr<WalReader>> NewReader(Version first, Version last) override;
  Status PruneBelow(Version version) override;
  Version FirstAfterPrune(Version version) const override;
  Status CutAbove(Version version) override;

  WalStats Stats() const override {
    const WriterCounters counters = writer_.counters();
    return {index_.bytes(), index_.segments().size(), counters.appends, counters.appended_bytes,
            counters.syncs};
  }
  Status Close() override {
    MutexLock lock(removal_mu_);
    return writer_.Close();
  }

 private:
  Status ApplyMarkedCut(Version version, CutPlan plan) REQUIRES(removal_mu_);

  // Constant after construction.
  FileSystem& fs_;
  const std::string directory_;
  const uint64_t segment_bytes_;
  const WalRecovery recovery_;

  WalIndex index_;
  WalWriter writer_;
  Mutex removal_mu_;  // held while files are removed
};

StatusOr<WalRecordInfo> WalImpl::Find(Version version) {
  while (true) {
    ASSIGN_OR_RETURN(const RecordPlace place, index_.Locate(version));
    StatusOr<WalRecordInfo> info = ReadRecordInfo(fs_, directory_, place, version);
    // A cut or prune between the two steps looks like damage; look again.
    if (info.ok() || index_.generation() == place.generation) {
      return info;
    }
  }
}

StatusOr<std::unique_ptr<WalReader>> WalImpl::NewReader(Version first, Version last) {
  ASSIGN_OR_RETURN(ReadRange range, index_.OpenRange(first, last));
  Digest prev_digest = range.segments.front().prev_digest;
  if (first != range.segments.front().first) {
    ASSIGN_OR_RETURN(const WalRecordInfo before, Find(first - 1));
    prev_digest = before.record_digest;
  }
  return MakeReader(fs_, directory_, first, last, std::move(range), prev_digest);
}

// How many of the oldest segments hold nothing from `version` on.
size_t PrunableSegments(const std::vector<Segment>& segments, Version version) {
  size_t count = 0;
  // A segment without a record cannot stand alone: it would not say which version the log ends
  // with.
  while (count + 1 < segments.size() && !segments[count + 1].empty() &&
         segments[count].last < version) {
    ++count;
  }
  return count;
}

Version WalImpl::FirstAfterPrune(Version version) const {
  const std::vector<Segment> segments = index_.segments();
  const size_t pruned = PrunableSegments(segments, version);
  return pruned == 0 ? first_version() : segments[pruned].first;
}

Status WalImpl::PruneBelow(Version version) {
  MutexLock lock(removal_mu_);
  RETURN_IF_ERROR(writer_.status());
  const std::vector<Segment> segments = index_.segments();
  const size_t pruned = PrunableSegments(segments, version);
  for (size_t i = 0; i < pruned; ++i) {
    index_.RemoveOldest();
    if (const Status removed = fs_.RemoveFile(SegmentPath(directory_, segments[i].first));
        !removed.ok()) {
      index_.RestoreOldest(segments[i]);
      return removed;
    }
    // Each before the next, so that a crash cannot leave a gap.
    RETURN_IF_ERROR(writer_.Poison(fs_.SyncDir(directory_)));
  }
  return OkStatus();
}

Status WalImpl::CutAbove(Version version) {
  MutexLock lock(removal_mu_);
  RETURN_IF_ERROR(writer_.status());
  if (empty() || version >= last_version()) {
    return OkStatus();
  }
  if (version < first_version() - 1) {
    return WithReason(
        OutOfRange(fmt::format("changelog {}: cannot cut above version {}, the oldest one is {}",
                               directory_, version, first_version())),
        Reason::kVersionPruned);
  }
  std::vector<Version> firsts;
  for (const Segment& segment : index_.segments()) {
    firsts.push_back(segment.first);
  }
  ASSIGN_OR_RETURN(CutPlan plan, PlanCut(fs_, directory_, firsts, version));
  return writer_.Poison(ApplyMarkedCut(version, std::move(plan)));
}

Status WalImpl::ApplyMarkedCut(Version version, CutPlan plan) {
  RETURN_IF_ERROR(writer_.Detach());
  RETURN_IF_ERROR(WriteCutMark(fs_, directory_, version));
  index_.Cut(version, *plan.kept, plan.offsets);
  RETURN_IF_ERROR(ApplyCut(fs_, directory_, plan));
  RETURN_IF_ERROR(RemoveCutMark(fs_, directory_));
  RETURN_IF_ERROR(fs_.SyncDir(directory_));
  return writer_.Reattach();
}

}  // namespace

StatusOr<std::unique_ptr<Wal>> Wal::Open(FileSystem& fs, Logger& logger, std::string directory,
                                         const WalOptions& options) {
  ASSIGN_OR_RETURN(OpenedLog opened, OpenLog(fs, logger, directory, options));
  auto wal = std::make_unique<WalImpl>(fs, std::move(directory), options, std::move(opened));
  RETURN_IF_ERROR(wal->Start());
  return wal;
}

}  // namespace flatkv
