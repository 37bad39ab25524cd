#include "flatkv/wal/wal_reader.h"

#include <fmt/core.h>

#include <array>
#include <optional>
#include <utility>

#include "flatkv/base/check.h"
#include "flatkv/base/sha256.h"
#include "flatkv/fs/durable.h"
#include "flatkv/wal/wal_codec.h"
#include "flatkv/wal/wal_error.h"
#include "flatkv/wal/wal_format.h"
#include "flatkv/wal/wal_segment_name.h"
#include "flatkv/wal/wal_walker.h"
#include "flatkv/wal/wal_window.h"

namespace flatkv::wal_internal {
namespace {

using wal_format::kRecordHeaderBytes;
using wal_format::kSegmentHeaderBytes;

StatusOr<std::unique_ptr<RandomAccessFile>> OpenSegmentFile(FileSystem& fs, const std::string& path,
                                                            Version version) {
  StatusOr<std::unique_ptr<RandomAccessFile>> file = fs.OpenRead(path);
  if (!file.ok() && IsNotFound(file.status())) {
    return CorruptError(path, 0, version, "the segment file is missing");
  }
  return file;
}

class RangeReader final : public WalReader {
 public:
  RangeReader(FileSystem& fs, std::string directory, Version first, Version last, ReadRange range,
              const Digest& prev_digest)
      : fs_(fs),
        directory_(std::move(directory)),
        last_(last),
        range_(std::move(range)),
        next_(first),
        prev_digest_(prev_digest) {}

  StatusOr<bool> Next() override {
    RETURN_IF_ERROR(status_);
    if (next_ > last_) {
      return false;
    }
    status_ = CheckFence();
    if (status_.ok()) {
      status_ = Advance();
      // What was cut or removed while it was read looks like damage.
      if (const Status fence = CheckFence(); !status_.ok() && !fence.ok()) {
        status_ = fence;
      }
    }
    RETURN_IF_ERROR(status_);
    return true;
  }

  const WalRecordInfo& info() const override { return walker_->info(); }
  std::string_view payload() const override { return walker_->payload(); }

 private:
  Status CheckFence() const {
    if (range_.fence->cut) {
      return WithReason(
          OutOfRange(fmt::format("changelog {}: the range to version {} was cut while "
                                 "it was read",
                                 directory_, last_)),
          Reason::kVersionAboveHead);
    }
    if (next_ < range_.fence->oldest) {
      return WithReason(
          OutOfRange(fmt::format("changelog {}: version {} was pruned while its range was read",
                                 directory_, next_)),
          Reason::kVersionPruned);
    }
    return OkStatus();
  }

  Status Advance() {
    if (walker_.has_value() && next_ > Current().last) {
      walker_.reset();
      ++position_;
    }
    if (!walker_.has_value()) {
      RETURN_IF_ERROR(OpenCurrent());
    }
    ASSIGN_OR_RETURN(const bool found, walker_->Next());
    if (!found) {
      return CorruptError(path_, walker_->end_offset(), next_, walker_->defect());
    }
    prev_digest_ = walker_->info().record_digest;
    if (next_ == Current().last && prev_digest_ != Current().last_digest) {
      return CorruptError(path_, walker_->record_offset(), next_,
                          "the record is not the one that the segment ends with");
    }
    ++next_;
    return OkStatus();
  }

  Status OpenCurrent() {
    const Segment& segment = Current();
    path_ = SegmentPath(directory_, segment.first);
    window_.reset();
    ASSIGN_OR_RETURN(file_, OpenSegmentFile(fs_, path_, next_));
    uint64_t offset = kSegmentHeaderBytes;
    if (next_ != segment.first) {
      if (range_.offset.has_value()) {
        offset = *range_.offset;
      } else {
        ASSIGN_OR_RETURN(offset, ReadOffset(segment, next_, *file_, path_));
      }
    }
    window_.emplace(*file_, segment.records_end(), kReadAheadBytes);
    walker_.emplace(&*window_, offset, next_, prev_digest_);
    return OkStatus();
  }

  const Segment& Current() const { return range_.segments[position_]; }

  // Constant after construction.
  FileSystem& fs_;
  const std::string directory_;
  const Version last_;
  const ReadRange range_;

  Version next_;
  Digest prev_digest_;
  Status status_;
  size_t position_ = 0;  // in range_.segments
  std::string path_;
  std::unique_ptr<RandomAccessFile> file_;
  std::optional<FileWindow> window_;
  std::optional<RecordWalker> walker_;
};

}  // namespace

StatusOr<WalRecordInfo> ReadRecordInfo(FileSystem& fs, std::string_view directory,
                                       const RecordPlace& place, Version version) {
  const std::string path = SegmentPath(directory, place.segment.first);
  ASSIGN_OR_RETURN(const std::unique_ptr<RandomAccessFile> file,
                   OpenSegmentFile(fs, path, version));
  uint64_t offset = 0;
  if (place.offset.has_value()) {
    offset = *place.offset;
  } else {
    ASSIGN_OR_RETURN(offset, ReadOffset(place.segment, version, *file, path));
  }
  std::array<char, kRecordHeaderBytes> buffer;
  ASSIGN_OR_RETURN(const size_t got, file->Read(offset, buffer.size(), buffer.data()));
  const std::string_view bytes(buffer.data(), got);
  const StatusOr<RecordHeader> header = DecodeRecordHeader(bytes);
  if (!header.ok()) {
    return CorruptError(path, offset, version, MessageOf(header.status()));
  }
  if (header->version != version) {
    return CorruptError(path, offset, version,
                        fmt::format("the record there is of version {}", header->version));
  }
  const Digest digest = Sha256(bytes);
  if (version == place.segment.last && digest != place.segment.last_digest) {
    return CorruptError(path, offset, version,
                        "the record is not the one that the segment ends with");
  }
  return WalRecordInfo{version, header->root, header->content_digest, digest,
                       header->payload_bytes};
}

std::unique_ptr<WalReader> MakeReader(FileSystem& fs, std::string directory, Version first,
                                      Version last, ReadRange range, const Digest& prev_digest) {
  return std::make_unique<RangeReader>(fs, std::move(directory), first, last, std::move(range),
                                       prev_digest);
}

}  // namespace flatkv::wal_internal
