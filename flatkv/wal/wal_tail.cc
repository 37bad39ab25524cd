#include "flatkv/wal/wal_tail.h"

#include <string_view>

#include "flatkv/base/sha256.h"
#include "flatkv/wal/wal_codec.h"
#include "flatkv/wal/wal_format.h"

namespace flatkv::wal_internal {
namespace {

using namespace wal_format;

// What the three kinds of frame have in common, so that one search finds them.
constexpr std::string_view kMagicPrefix = "FK";
constexpr size_t kFrameBytesMax = kRecordHeaderBytes;

class TailScan {
 public:
  TailScan(const RandomAccessFile& file, uint64_t size_bytes, const RecordWalker& walker)
      : walker_(walker),
        scan_(file, size_bytes, kReadAheadBytes),
        payloads_(file, size_bytes, /*read_ahead_bytes=*/0) {}

  StatusOr<std::optional<LaterFrame>> Run() {
    ASSIGN_OR_RETURN(uint64_t offset, SkipTornGroup());
    if (found_.has_value()) {
      return found_;
    }
    while (offset < scan_.limit()) {
      ASSIGN_OR_RETURN(const std::string_view view, scan_.View(offset, kReadAheadBytes));
      ASSIGN_OR_RETURN(const size_t consumed, Scan(view, offset));
      if (found_.has_value() || consumed == 0) {
        break;
      }
      offset += consumed;
    }
    return found_;
  }

 private:
  // Where the scan starts: behind the torn record and its group as far as their headers can be
  // read, otherwise at the end of the good frames.
  StatusOr<uint64_t> SkipTornGroup() {
    const uint64_t end = walker_.end_offset();
    ASSIGN_OR_RETURN(uint64_t next, SkipRecord(end, walker_.next(), walker_.prev_digest()));
    if (next == end && walker_.awaits_seal()) {
      const uint64_t behind_seal = end + kSealBytes;
      ASSIGN_OR_RETURN(next, SkipRecord(behind_seal, walker_.next(), walker_.prev_digest()));
      next = next == behind_seal ? end : next;
    }
    if (next == end) {
      return end;
    }
    for (Version version = walker_.next() + 1;; ++version) {
      const uint64_t start = next;
      ASSIGN_OR_RETURN(next, SkipRecord(start, version, skipped_digest_));
      if (next == start) {
        return start;
      }
    }
  }

  // The end of the record at `offset` if that is the header of `version` in the chain, whatever its
  // payload, and, behind the torn one, continues its group; otherwise `offset`.
  StatusOr<uint64_t> SkipRecord(uint64_t offset, Version version, const Digest& prev_digest) {
    ASSIGN_OR_RETURN(const std::string_view bytes, scan_.View(offset, kRecordHeaderBytes));
    const StatusOr<RecordHeader> header = DecodeRecordHeader(bytes);
    if (!header.ok() || header->version != version ||
        (version > walker_.next() && !header->continues_group)) {
      return offset;
    }
    if (header->prev_digest != prev_digest) {
      found_ = {"the header of a record of another chain", offset, header->version};
      return offset;
    }
    skipped_digest_ = Sha256(bytes);
    return offset + kRecordHeaderBytes + header->payload_bytes;
  }

  // Checks every candidate in `view`; returns how many bytes need not be seen again, 0 at the end
  // of the file.
  StatusOr<size_t> Scan(std::string_view view, uint64_t offset) {
    const bool at_end = offset + view.size() >= scan_.limit();
    size_t i = view.find(kMagicPrefix);
    for (; i != std::string_view::npos; i = view.find(kMagicPrefix, i + 1)) {
      if (!at_end && view.size() - i < kFrameBytesMax) {
        return i;
      }
      RETURN_IF_ERROR(Check(view.substr(i), offset + i));
      if (found_.has_value()) {
        return i;
      }
    }
    return at_end || view.empty() ? 0 : view.size() - (kMagicPrefix.size() - 1);
  }

  Status Check(std::string_view bytes, uint64_t offset) {
    const Version expected = walker_.next();
    if (const StatusOr<Version> seal = DecodeSeal(bytes); seal.ok() && *seal >= expected) {
      found_ = {"a seal", offset, *seal};
      return OkStatus();
    }
    if (const StatusOr<Footer> footer = DecodeFooter(bytes);
        footer.ok() && footer->first + footer->records - 1 >= expected) {
      found_ = {"a footer", offset, footer->first + footer->records - 1};
      return OkStatus();
    }
    const StatusOr<RecordHeader> header = DecodeRecordHeader(bytes);
    if (!header.ok() || header->version < expected) {
      return OkStatus();
    }
    if (header->version > expected) {
      if (header->continues_group) {
        return OkStatus();  // says nothing of the records before it
      }
      found_ = {"the header of a record", offset, header->version};
      return OkStatus();
    }
    ASSIGN_OR_RETURN(const std::string_view payload,
                     payloads_.View(offset + kRecordHeaderBytes, header->payload_bytes));
    if (payload.size() == header->payload_bytes && Checksum(payload) == header->payload_checksum) {
      found_ = {"a record", offset, header->version};
    }
    return OkStatus();
  }

  const RecordWalker& walker_;
  FileWindow scan_;
  FileWindow payloads_;
  Digest skipped_digest_{};  // of the record that SkipRecord skipped last
  std::optional<LaterFrame> found_;
};

}  // namespace

StatusOr<std::optional<LaterFrame>> FindLaterFrame(const RandomAccessFile& file,
                                                   uint64_t size_bytes,
                                                   const RecordWalker& walker) {
  return TailScan(file, size_bytes, walker).Run();
}

}  // namespace flatkv::wal_internal
