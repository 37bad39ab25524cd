#include "flatkv/wal/wal_segment.h"

#include <fmt/core.h>

#include <memory>
#include <optional>
#include <utility>

#include "flatkv/base/endian.h"
#include "flatkv/wal/wal_codec.h"
#include "flatkv/wal/wal_error.h"
#include "flatkv/wal/wal_format.h"
#include "flatkv/wal/wal_segment_name.h"
#include "flatkv/wal/wal_tail.h"
#include "flatkv/wal/wal_walker.h"
#include "flatkv/wal/wal_window.h"

namespace flatkv::wal_internal {
namespace {

using namespace wal_format;

struct OpenSegment {
  std::string path;
  std::unique_ptr<RandomAccessFile> file;
  uint64_t size_bytes = 0;
};

StatusOr<OpenSegment> OpenFile(FileSystem& fs, std::string_view directory, Version first) {
  OpenSegment open;
  open.path = SegmentPath(directory, first);
  ASSIGN_OR_RETURN(open.file, fs.OpenRead(open.path));
  ASSIGN_OR_RETURN(open.size_bytes, open.file->Size());
  return open;
}

// Up to `size_bytes` bytes; fewer at the end of the file.
StatusOr<std::string> ReadAt(const RandomAccessFile& file, uint64_t offset, size_t size_bytes) {
  std::string bytes(size_bytes, '\0');
  ASSIGN_OR_RETURN(const size_t got, file.Read(offset, size_bytes, bytes.data()));
  bytes.resize(got);
  return bytes;
}

// Fills what the header says of `segment`.
Status ReadHeader(const OpenSegment& open, Version first, Segment* segment) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadAt(*open.file, 0, kSegmentHeaderBytes));
  const StatusOr<SegmentHeader> header = DecodeSegmentHeader(bytes);
  if (!header.ok()) {
    return CorruptError(open.path, 0, first, MessageOf(header.status()));
  }
  if (header->first != first) {
    return CorruptError(open.path, 0, first,
                        fmt::format("the segment header is of version {}", header->first));
  }
  segment->first = first;
  segment->last = first - 1;
  segment->prev_digest = header->prev_digest;
  segment->last_digest = header->prev_digest;
  segment->size_bytes = open.size_bytes;
  return OkStatus();
}

struct PlacedFooter {
  Footer footer;
  uint64_t index_offset = 0;
};

// The footer at the end of the file, or the cause why there is none of this segment.
StatusOr<PlacedFooter> ReadFooter(const OpenSegment& open, Version first) {
  if (open.size_bytes < kSegmentHeaderBytes + kFooterBytes) {
    return DataLoss("the footer is missing");
  }
  const uint64_t offset = open.size_bytes - kFooterBytes;
  ASSIGN_OR_RETURN(const std::string bytes, ReadAt(*open.file, offset, kFooterBytes));
  PlacedFooter placed;
  ASSIGN_OR_RETURN(placed.footer, DecodeFooter(bytes));
  const uint64_t records = placed.footer.records;
  if (placed.footer.first != first ||
      records * (kRecordHeaderBytes + kIndexEntryBytes) > offset - kSegmentHeaderBytes) {
    return DataLoss("the footer is not of this segment");
  }
  placed.index_offset = offset - kIndexEntryBytes * records;
  return placed;
}

// Whether the index holds the offsets that the scan found.
StatusOr<bool> IndexMatches(const OpenSegment& open, const PlacedFooter& placed,
                            const std::vector<uint64_t>& offsets) {
  std::string expected;
  for (const uint64_t offset : offsets) {
    AppendLe64(&expected, offset);
  }
  ASSIGN_OR_RETURN(const std::string index,
                   ReadAt(*open.file, placed.index_offset, expected.size()));
  return index == expected && Checksum(index) == placed.footer.index_checksum;
}

// Ends a scan that reached all the footer's records, or refuses.
Status FinishSealed(const OpenSegment& open, const PlacedFooter& placed, const RecordWalker& walker,
                    ScannedSegment* scanned) {
  Segment& segment = scanned->segment;
  if (scanned->offsets.size() != placed.footer.records ||
      segment.last_digest != placed.footer.last_digest) {
    return CorruptError(open.path, walker.end_offset(), walker.next(),
                        fmt::format("{}, but the footer counts {} records", walker.defect(),
                                    placed.footer.records));
  }
  ASSIGN_OR_RETURN(const bool index_matches, IndexMatches(open, placed, scanned->offsets));
  const uint64_t gap = placed.index_offset - walker.end_offset();
  if (!index_matches || (gap != 0 && gap != kSealBytes)) {
    scanned->torn_bytes = open.size_bytes - walker.end_offset();
    segment.size_bytes = walker.end_offset();
    return OkStatus();
  }
  scanned->damaged_seals += gap == 0 ? 0 : 1;
  segment.index_offset = placed.index_offset;
  segment.last_acknowledged = true;
  scanned->offsets = {};
  return OkStatus();
}

// Ends a scan of a segment without a footer: clean, torn, or refused.
Status FinishUnsealed(const OpenSegment& open, const RecordWalker& walker, Version committed_floor,
                      ScannedSegment* scanned) {
  const uint64_t end = walker.end_offset();
  if (end == open.size_bytes) {
    return OkStatus();
  }
  ASSIGN_OR_RETURN(const std::optional<LaterFrame> later,
                   FindLaterFrame(*open.file, open.size_bytes, walker));
  if (later.has_value()) {
    return CorruptError(open.path, end, walker.next(),
                        fmt::format("{}, but {} of version {} stands at offset {}", walker.defect(),
                                    later->kind, later->version, later->offset));
  }
  if (committed_floor >= walker.next()) {
    return LostVersionsError(open.path, end, walker.next(), committed_floor);
  }
  scanned->torn_bytes = open.size_bytes - end;
  scanned->segment.size_bytes = end;
  return OkStatus();
}

}  // namespace

Status LostVersionsError(std::string_view path, uint64_t offset, Version expected,
                         Version committed_floor) {
  return CorruptError(
      path, offset, expected,
      fmt::format("the changelog lost committed versions {}..{}", expected, committed_floor));
}

StatusOr<Segment> LoadSealedSegment(FileSystem& fs, std::string_view directory, Version first) {
  ASSIGN_OR_RETURN(const OpenSegment open, OpenFile(fs, directory, first));
  Segment segment;
  RETURN_IF_ERROR(ReadHeader(open, first, &segment));
  const StatusOr<PlacedFooter> placed = ReadFooter(open, first);
  if (!placed.ok()) {
    if (placed.status().code() != StatusCode::kDataLoss) {
      return placed.status();
    }
    return CorruptError(
        open.path, open.size_bytes, first,
        fmt::format("not the last segment, but not sealed: {}", MessageOf(placed.status())));
  }
  segment.last = first + placed->footer.records - 1;
  segment.last_digest = placed->footer.last_digest;
  segment.index_offset = placed->index_offset;
  segment.last_acknowledged = true;
  return segment;
}

StatusOr<ScannedSegment> ScanLastSegment(FileSystem& fs, std::string_view directory, Version first,
                                         Version committed_floor) {
  ASSIGN_OR_RETURN(const OpenSegment open, OpenFile(fs, directory, first));
  ScannedSegment scanned;
  Segment& segment = scanned.segment;
  const Status header = open.size_bytes < kSegmentHeaderBytes
                            ? CorruptError(open.path, 0, first, "segment header is cut short")
                            : ReadHeader(open, first, &segment);
  if (!header.ok()) {
    // The header is synced before the first record is written: with bytes behind it, it once was
    // good.
    if (header.code() != StatusCode::kDataLoss || open.size_bytes > kSegmentHeaderBytes) {
      return header;
    }
    scanned.incomplete_header = true;
    scanned.torn_bytes = open.size_bytes;
    segment.first = first;
    return scanned;
  }
  const StatusOr<PlacedFooter> placed = ReadFooter(open, first);
  if (!placed.ok() && placed.status().code() != StatusCode::kDataLoss) {
    return placed.status();
  }
  FileWindow window(*open.file, placed.ok() ? placed->index_offset : open.size_bytes,
                    kReadAheadBytes);
  RecordWalker walker(&window, kSegmentHeaderBytes, first, segment.prev_digest);
  while (true) {
    ASSIGN_OR_RETURN(const bool found, walker.Next());
    if (!found) {
      break;
    }
    scanned.offsets.push_back(walker.record_offset());
  }
  segment.last = walker.next() - 1;
  segment.last_digest = walker.prev_digest();
  segment.last_acknowledged = walker.sealed();
  scanned.damaged_seals = walker.damaged_seals();
  RETURN_IF_ERROR(placed.ok() ? FinishSealed(open, *placed, walker, &scanned)
                              : FinishUnsealed(open, walker, committed_floor, &scanned));
  return scanned;
}

StatusOr<uint64_t> ReadOffset(const Segment& segment, Version version, const RandomAccessFile& file,
                              std::string_view path) {
  const uint64_t position = static_cast<uint64_t>(version - segment.first);
  const uint64_t entry = segment.index_offset + kIndexEntryBytes * position;
  ASSIGN_OR_RETURN(const std::string bytes, ReadAt(file, entry, kIndexEntryBytes));
  if (bytes.size() < kIndexEntryBytes) {
    return CorruptError(path, entry, version, "the index is cut short");
  }
  const uint64_t offset = LoadLe64(bytes.data());
  if (offset < kSegmentHeaderBytes || offset > segment.index_offset - kRecordHeaderBytes) {
    return CorruptError(path, entry, version, "the index entry points outside the records");
  }
  return offset;
}

}  // namespace flatkv::wal_internal
