#include "flatkv/wal/wal_walker.h"

#include <fmt/core.h>

#include <utility>

#include "flatkv/base/sha256.h"
#include "flatkv/wal/wal_codec.h"
#include "flatkv/wal/wal_format.h"

namespace flatkv::wal_internal {

using wal_format::kRecordHeaderBytes;
using wal_format::kSealBytes;

Status RecordWalker::SkipSeal() {
  if (!awaits_seal()) {
    return OkStatus();
  }
  ASSIGN_OR_RETURN(const std::string_view bytes, window_->View(end_offset_, kSealBytes));
  const StatusOr<Version> version = DecodeSeal(bytes);
  if (version.ok() && *version == next_ - 1) {
    sealed_ = true;
    end_offset_ += kSealBytes;
  }
  return OkStatus();
}

StatusOr<bool> RecordWalker::TryRecord(uint64_t offset) {
  ASSIGN_OR_RETURN(std::string_view bytes, window_->View(offset, kRecordHeaderBytes));
  const StatusOr<RecordHeader> header = DecodeRecordHeader(bytes);
  if (!header.ok()) {
    defect_ = MessageOf(header.status());
    return false;
  }
  if (header->version != next_) {
    defect_ = fmt::format("the record there is of version {}", header->version);
    return false;
  }
  if (header->prev_digest != prev_digest_) {
    defect_ = "the record does not continue the chain of the record before it";
    return false;
  }
  // A record says of itself whether a seal stands before it; the first one of a walk may be any.
  if (after_record_ && header->continues_group != (!sealed_ && offset == end_offset_)) {
    defect_ = header->continues_group ? "the record continues a group that was acknowledged"
                                      : "the seal before the record is missing";
    return false;
  }
  const uint64_t frame_bytes = kRecordHeaderBytes + uint64_t{header->payload_bytes};
  if (offset + frame_bytes > window_->limit()) {
    defect_ = "the record is cut short";
    return false;
  }
  ASSIGN_OR_RETURN(bytes, window_->View(offset, frame_bytes));
  if (bytes.size() < frame_bytes) {
    defect_ = "the record is cut short";
    return false;
  }
  const std::string_view payload = bytes.substr(kRecordHeaderBytes);
  if (Checksum(payload) != header->payload_checksum) {
    defect_ = "payload checksum does not match";
    return false;
  }
  const Digest digest = Sha256(bytes.substr(0, kRecordHeaderBytes));
  info_ = {header->version, header->root, header->content_digest, digest, header->payload_bytes};
  payload_ = payload;
  record_offset_ = offset;
  end_offset_ = offset + frame_bytes;
  prev_digest_ = digest;
  ++next_;
  after_record_ = true;
  sealed_ = false;
  return true;
}

StatusOr<bool> RecordWalker::Next() {
  RETURN_IF_ERROR(SkipSeal());
  ASSIGN_OR_RETURN(bool found, TryRecord(end_offset_));
  if (found || !awaits_seal()) {
    return found;
  }
  std::string defect = std::move(defect_);
  ASSIGN_OR_RETURN(found, TryRecord(end_offset_ + kSealBytes));
  if (found) {
    ++damaged_seals_;
  } else {
    defect_ = std::move(defect);
  }
  return found;
}

}  // namespace flatkv::wal_internal
