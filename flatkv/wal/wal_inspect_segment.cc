#include "flatkv/wal/wal_inspect_segment.h"

#include <fmt/core.h>

#include <memory>
#include <string_view>
#include <utility>

#include "flatkv/base/endian.h"
#include "flatkv/base/sha256.h"
#include "flatkv/wal/wal_codec.h"
#include "flatkv/wal/wal_format.h"
#include "flatkv/wal/wal_segment_name.h"
#include "flatkv/wal/wal_tail.h"
#include "flatkv/wal/wal_window.h"

namespace flatkv::wal_internal {
namespace {

using namespace wal_format;

class SegmentInspector {
 public:
  SegmentInspector(FileSystem& fs, const std::string& directory, Version first,
                   const SegmentInspection& inspection)
      : fs_(fs), first_(first), inspection_(inspection) {
    result_.summary.path = SegmentPath(directory, first);
    result_.summary.first = first;
    result_.summary.last = first - 1;
  }

  StatusOr<InspectedSegment> Run() {
    ASSIGN_OR_RETURN(file_, fs_.OpenRead(result_.summary.path));
    ASSIGN_OR_RETURN(size_bytes_, file_->Size());
    result_.summary.size_bytes = size_bytes_;
    ASSIGN_OR_RETURN(const bool has_header, ReadHeader());
    if (has_header) {
      RETURN_IF_ERROR(ReadFooter());
      RETURN_IF_ERROR(Inspect());
    }
    return std::move(result_);
  }

 private:
  void Defect(uint64_t offset, Version version, std::string cause) {
    result_.summary.state = WalSegmentState::kDamaged;
    result_.defect = WalDefect{result_.summary.path, offset, version, std::move(cause)};
  }

  void InProgress(uint64_t end) {
    result_.summary.state = WalSegmentState::kInProgress;
    result_.summary.unfinished_bytes = size_bytes_ - end;
  }

  // Up to `wanted` bytes; fewer at the end of the file.
  StatusOr<std::string> ReadAt(uint64_t offset, size_t wanted) const {
    std::string bytes(wanted, '\0');
    ASSIGN_OR_RETURN(const size_t got, file_->Read(offset, wanted, bytes.data()));
    bytes.resize(got);
    return bytes;
  }

  // False if there is nothing to read behind it.
  StatusOr<bool> ReadHeader() {
    ASSIGN_OR_RETURN(const std::string bytes, ReadAt(0, kSegmentHeaderBytes));
    const StatusOr<SegmentHeader> header = DecodeSegmentHeader(bytes);
    if (header.ok() && header->first == first_) {
      result_.prev_digest = header->prev_digest;
      result_.last_digest = header->prev_digest;
      return true;
    }
    // The header is synced before the first record is written.
    if (!header.ok() && inspection_.is_last && size_bytes_ <= kSegmentHeaderBytes) {
      InProgress(0);
      return false;
    }
    Defect(0, first_,
           header.ok() ? fmt::format("the segment header is of version {}", header->first)
                       : std::string(MessageOf(header.status())));
    return false;
  }

  // Sets footer_, or no_footer_ to the cause why there is none of this segment.
  Status ReadFooter() {
    if (size_bytes_ < kSegmentHeaderBytes + kFooterBytes) {
      no_footer_ = "the footer is missing";
      return OkStatus();
    }
    const uint64_t offset = size_bytes_ - kFooterBytes;
    ASSIGN_OR_RETURN(const std::string bytes, ReadAt(offset, kFooterBytes));
    const StatusOr<Footer> footer = DecodeFooter(bytes);
    if (!footer.ok()) {
      no_footer_ = MessageOf(footer.status());
      return OkStatus();
    }
    const uint64_t records = footer->records;
    if (footer->first != first_ ||
        records * (kRecordHeaderBytes + kIndexEntryBytes) > offset - kSegmentHeaderBytes) {
      no_footer_ = "the footer is not of this segment";
      return OkStatus();
    }
    footer_ = *footer;
    index_offset_ = offset - kIndexEntryBytes * records;
    return OkStatus();
  }

  Status Inspect() {
    if (!footer_.has_value() && !inspection_.is_last) {
      Defect(size_bytes_, first_,
             fmt::format("not the last segment, but not sealed: {}", no_footer_));
      return OkStatus();
    }
    if (footer_.has_value() && !inspection_.every_record) {
      result_.summary.state = WalSegmentState::kSealed;
      result_.summary.last = first_ + footer_->records - 1;
      result_.last_digest = footer_->last_digest;
      return OkStatus();
    }
    FileWindow window(*file_, footer_.has_value() ? index_offset_ : size_bytes_, kReadAheadBytes);
    RecordWalker walker(&window, kSegmentHeaderBytes, first_, result_.prev_digest);
    ASSIGN_OR_RETURN(const bool at_end, Walk(walker));
    result_.summary.last = walker.next() - 1;
    result_.summary.damaged_seals = walker.damaged_seals();
    result_.last_digest = walker.prev_digest();
    if (!at_end) {
      return OkStatus();
    }
    return footer_.has_value() ? FinishSealed(walker) : FinishUnsealed(walker);
  }

  // False if it ended before the records did.
  StatusOr<bool> Walk(RecordWalker& walker) {
    while (true) {
      ASSIGN_OR_RETURN(const bool found, walker.Next());
      if (!found) {
        return true;
      }
      ++result_.records_read;
      AppendLe64(&index_, walker.record_offset());
      if (Sha256(walker.payload()) != walker.info().content_digest) {
        Defect(walker.record_offset(), walker.info().version,
               "the content digest is not of the payload");
        return false;
      }
      if (inspection_.on_record) {
        ASSIGN_OR_RETURN(const bool go_on, inspection_.on_record(walker));
        if (!go_on) {
          return false;
        }
      }
    }
  }

  Status FinishSealed(const RecordWalker& walker) {
    if (result_.records_read != footer_->records || result_.last_digest != footer_->last_digest) {
      Defect(
          walker.end_offset(), walker.next(),
          fmt::format("{}, but the footer counts {} records", walker.defect(), footer_->records));
      return OkStatus();
    }
    ASSIGN_OR_RETURN(const std::string index, ReadAt(index_offset_, index_.size()));
    const uint64_t gap = index_offset_ - walker.end_offset();
    const bool matches = index == index_ && Checksum(index) == footer_->index_checksum &&
                         (gap == 0 || gap == kSealBytes);
    if (matches) {
      result_.summary.state = WalSegmentState::kSealed;
      result_.summary.damaged_seals += gap == 0 ? 0 : 1;
    } else if (inspection_.is_last) {
      InProgress(walker.end_offset());  // a footer that a crash tore is written anew
    } else {
      Defect(index_offset_, walker.next() - 1, "the index is not of the records");
    }
    return OkStatus();
  }

  Status FinishUnsealed(const RecordWalker& walker) {
    const uint64_t end = walker.end_offset();
    if (end == size_bytes_) {
      return OkStatus();
    }
    ASSIGN_OR_RETURN(const std::optional<LaterFrame> later,
                     FindLaterFrame(*file_, size_bytes_, walker));
    if (later.has_value()) {
      Defect(end, walker.next(),
             fmt::format("{}, but {} of version {} stands at offset {}", walker.defect(),
                         later->kind, later->version, later->offset));
    } else {
      InProgress(end);
    }
    return OkStatus();
  }

  FileSystem& fs_;
  const Version first_;
  const SegmentInspection& inspection_;
  std::unique_ptr<RandomAccessFile> file_;
  uint64_t size_bytes_ = 0;  // at the start: a file may grow meanwhile
  std::optional<Footer> footer_;
  std::string no_footer_;
  uint64_t index_offset_ = 0;
  std::string index_;  // as the records that were read would have it
  InspectedSegment result_;
};

}  // namespace

StatusOr<InspectedSegment> InspectSegment(FileSystem& fs, const std::string& directory,
                                          Version first, const SegmentInspection& inspection) {
  return SegmentInspector(fs, directory, first, inspection).Run();
}

}  // namespace flatkv::wal_internal
