#include "flatkv/wal/wal_writer.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "flatkv/base/sha256.h"
#include "flatkv/fs/durable.h"
#include "flatkv/wal/wal_codec.h"
#include "flatkv/wal/wal_format.h"
#include "flatkv/wal/wal_segment_name.h"

namespace flatkv::wal_internal {

using namespace wal_format;

namespace {

// A frame buffer that one huge record made larger than this is given back.
constexpr size_t kFrameBytesKept = size_t{8} << 20;

}  // namespace

Status WalWriter::status() const {
  MutexLock lock(state_mu_);
  RETURN_IF_ERROR(poison_);
  return closed_ ? WithReason(Unavailable(fmt::format("changelog {}: closed", directory_)),
                              Reason::kClosed)
                 : OkStatus();
}

Status WalWriter::Poison(const Status& status) {
  MutexLock lock(state_mu_);
  if (poison_.ok()) {
    poison_ = status;
  }
  return status;
}

WriterCounters WalWriter::counters() const {
  MutexLock lock(state_mu_);
  return counters_;
}

void WalWriter::SetActive(std::unique_ptr<WritableFile> file) {
  file_ = std::move(file);
  active_ = file_.get();
}

Status WalWriter::CloseLocked() {
  if (file_ == nullptr) {
    return OkStatus();
  }
  const Status closed = file_->Close();
  SetActive(nullptr);
  return closed;
}

Status WalWriter::Start() {
  MutexLock sync_lock(sync_mu_);
  RETURN_IF_ERROR(Poison(OpenLast()));
  RETURN_IF_ERROR(Poison(MakeDurable()));
  return Poison(SealLast());
}

Status WalWriter::Reattach() {
  MutexLock sync_lock(sync_mu_);
  RETURN_IF_ERROR(Poison(OpenLast()));
  return Poison(SealLast());
}

Status WalWriter::OpenLast() {
  const std::optional<Segment> last = index_->last_segment();
  if (!last.has_value()) {
    return OkStatus();
  }
  ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file,
                   fs_.OpenAppend(SegmentPath(directory_, last->first)));
  SetActive(std::move(file));
  return OkStatus();
}

Status WalWriter::MakeDurable() {
  if (file_ != nullptr) {
    RETURN_IF_ERROR(file_->Sync());
  }
  return fs_.SyncDir(directory_);
}

Status WalWriter::SealLast() {
  const std::optional<Segment> last = index_->last_segment();
  if (!last.has_value() || last->sealed()) {
    return CloseLocked();
  }
  return last->empty() || last->last_acknowledged ? OkStatus() : WriteSeal(last->last);
}

Status WalWriter::CheckAppend(Version version, std::string_view payload) const {
  RETURN_IF_ERROR(status());
  if (payload.size() > kPayloadBytesMax) {
    return WithReason(
        ResourceExhausted(fmt::format("changelog: version {} has {} bytes, the limit is {}",
                                      version, payload.size(), kPayloadBytesMax)),
        Reason::kLimitExceeded);
  }
  const Version last = index_->last();
  if (version < 1 || version > kVersionMax) {
    return InvalidArgument(fmt::format("changelog: version {} is out of range", version));
  }
  if (last != 0 && version != last + 1) {
    return WithExpectedVersion(
        WithReason(FailedPrecondition(
                       fmt::format("changelog: version {} does not follow {}", version, last)),
                   Reason::kVersionGap),
        last + 1);
  }
  return OkStatus();
}

Status WalWriter::Append(Version version, std::string_view payload, const Digest& content_digest,
                         const Digest& root) {
  RETURN_IF_ERROR(CheckAppend(version, payload));
  const StatusOr<Digest> prev_digest = Prepare(version);
  if (!prev_digest.ok()) {
    return Poison(prev_digest.status());
  }
  return Poison(WriteRecord(version, payload, content_digest, root, *prev_digest));
}

StatusOr<Digest> WalWriter::Prepare(Version version) {
  const std::optional<Segment> last = index_->last_segment();
  if (!last.has_value()) {
    RETURN_IF_ERROR(CreateSegment(version, Digest{}));
    return Digest{};
  }
  if (last->empty() && last->first != version) {
    // Without records any version may come first, and a new chain begins.
    {
      MutexLock sync_lock(sync_mu_);
      RETURN_IF_ERROR(CloseLocked());
    }
    RETURN_IF_ERROR(RemoveFileDurably(fs_, SegmentPath(directory_, last->first)));
    index_->RemoveEmptyLast();
    RETURN_IF_ERROR(CreateSegment(version, Digest{}));
    return Digest{};
  }
  const bool full = last->size_bytes >= segment_bytes_ && !last->empty();
  if (!last->sealed() && full && last->last_acknowledged) {
    RETURN_IF_ERROR(SealActive(*last));
    RETURN_IF_ERROR(CreateSegment(version, last->last_digest));
  } else if (last->sealed()) {
    RETURN_IF_ERROR(CreateSegment(version, last->last_digest));
  }
  return last->last_digest;
}

Status WalWriter::SealActive(const Segment& segment) {
  frame_ = index_->EncodedOffsets();
  Footer footer;
  footer.records = static_cast<uint32_t>(segment.last - segment.first + 1);
  footer.first = segment.first;
  footer.last_digest = segment.last_digest;
  footer.index_checksum = Checksum(frame_);
  AppendFooter(footer, &frame_);
  MutexLock sync_lock(sync_mu_);
  RETURN_IF_ERROR(active_->Append(frame_));
  RETURN_IF_ERROR(file_->Sync());
  RETURN_IF_ERROR(CloseLocked());
  index_->AddFooter(frame_.size());
  MutexLock lock(state_mu_);
  ++counters_.syncs;
  synced_appends_ = counters_.appends;
  return OkStatus();
}

Status WalWriter::CreateSegment(Version first, const Digest& prev_digest) {
  ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, fs_.Create(SegmentPath(directory_, first)));
  frame_.clear();
  AppendSegmentHeader({first, prev_digest}, &frame_);
  RETURN_IF_ERROR(file->Append(frame_));
  RETURN_IF_ERROR(file->Sync());
  RETURN_IF_ERROR(fs_.SyncDir(directory_));
  Segment segment;
  segment.first = first;
  segment.last = first - 1;
  segment.prev_digest = prev_digest;
  segment.last_digest = prev_digest;
  segment.size_bytes = frame_.size();
  index_->AddSegment(segment);
  MutexLock sync_lock(sync_mu_);
  SetActive(std::move(file));
  return OkStatus();
}

Status WalWriter::WriteRecord(Version version, std::string_view payload,
                              const Digest& content_digest, const Digest& root,
                              const Digest& prev_digest) {
  const std::optional<Segment> segment = index_->last_segment();
  RecordHeader header;
  header.version = version;
  header.continues_group = !segment->empty() && !segment->last_acknowledged;
  header.payload_bytes = static_cast<uint32_t>(payload.size());
  header.payload_checksum = Checksum(payload);
  header.prev_digest = prev_digest;
  header.root = root;
  header.content_digest = content_digest;
  frame_.clear();
  AppendRecordHeader(header, &frame_);
  const Digest digest = Sha256(frame_);
  frame_.append(payload);
  RETURN_IF_ERROR(active_->Append(frame_));
  const uint64_t frame_bytes = frame_.size();
  if (frame_.capacity() > kFrameBytesKept) {
    frame_ = std::string();
  }
  index_->AddRecord(version, digest, frame_bytes);
  MutexLock lock(state_mu_);
  ++counters_.appends;
  counters_.appended_bytes += frame_bytes;
  return OkStatus();
}

Status WalWriter::WriteSeal(Version version) {
  frame_.clear();
  AppendSeal(version, &frame_);
  RETURN_IF_ERROR(active_->Append(frame_));
  index_->AddSeal();
  return OkStatus();
}

Status WalWriter::Acknowledge(Version version) {
  RETURN_IF_ERROR(status());
  const Version last = index_->last();
  if (last == 0 || version != last) {
    return FailedPrecondition(fmt::format(
        "changelog: version {} cannot be acknowledged, the last one is {}", version, last));
  }
  // A segment without a record follows one whose footer vouches for `version`.
  const std::optional<Segment> segment = index_->last_segment();
  if (segment->empty() || segment->last_acknowledged) {
    return OkStatus();
  }
  return Poison(WriteSeal(version));
}

Status WalWriter::Sync() {
  uint64_t wanted = 0;
  {
    MutexLock lock(state_mu_);
    wanted = counters_.appends;
  }
  MutexLock sync_lock(sync_mu_);
  RETURN_IF_ERROR(status());
  uint64_t covered = 0;
  {
    MutexLock lock(state_mu_);
    // Another thread's sync, or a roll, may have covered these records meanwhile.
    if (synced_appends_ >= wanted) {
      return OkStatus();
    }
    covered = counters_.appends;
    ++counters_.syncs;
  }
  RETURN_IF_ERROR(Poison(file_->Sync()));
  MutexLock lock(state_mu_);
  synced_appends_ = std::max(synced_appends_, covered);
  return OkStatus();
}

Status WalWriter::Detach() {
  MutexLock sync_lock(sync_mu_);
  return CloseLocked();
}

Status WalWriter::Close() {
  MutexLock sync_lock(sync_mu_);
  Status result;
  {
    MutexLock lock(state_mu_);
    if (closed_) {
      return OkStatus();
    }
    closed_ = true;
    result = poison_;
  }
  if (file_ != nullptr && result.ok()) {
    result = Poison(file_->Sync());
  }
  const Status closed = CloseLocked();
  return result.ok() ? Poison(closed) : result;
}

}  // namespace flatkv::wal_internal
