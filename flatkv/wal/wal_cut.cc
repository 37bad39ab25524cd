#include "flatkv/wal/wal_cut.h"

#include <fmt/core.h>

#include <charconv>
#include <memory>
#include <utility>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/wal/wal_codec.h"
#include "flatkv/wal/wal_error.h"
#include "flatkv/wal/wal_format.h"
#include "flatkv/wal/wal_segment_name.h"
#include "flatkv/wal/wal_walker.h"
#include "flatkv/wal/wal_window.h"

namespace flatkv::wal_internal {
namespace {

using wal_format::kSegmentHeaderBytes;

constexpr uint64_t kMarkBytesMax = 256;
constexpr std::string_view kMarkPrefix = "flatkv changelog cut 1\nversion ";

std::string EncodeMark(Version version) {
  std::string text = fmt::format("{}{}\n", kMarkPrefix, version);
  text += fmt::format("checksum {:016x}\n", Checksum(text));
  return text;
}

// Finds record `version` in segment `first`, which starts at or before it, and plans the cut behind
// it.
Status PlanKept(FileSystem& fs, std::string_view directory, Version first, Version version,
                CutPlan* plan) {
  const std::string path = SegmentPath(directory, first);
  ASSIGN_OR_RETURN(const std::unique_ptr<RandomAccessFile> file, fs.OpenRead(path));
  ASSIGN_OR_RETURN(const uint64_t size_bytes, file->Size());
  FileWindow window(*file, size_bytes, kReadAheadBytes);
  ASSIGN_OR_RETURN(const std::string_view bytes, window.View(0, kSegmentHeaderBytes));
  const StatusOr<SegmentHeader> header = DecodeSegmentHeader(bytes);
  if (!header.ok() || header->first != first) {
    return CorruptError(path, 0, first, "the segment header is damaged; cannot cut behind it");
  }
  RecordWalker walker(&window, kSegmentHeaderBytes, first, header->prev_digest);
  while (walker.next() <= version) {
    ASSIGN_OR_RETURN(const bool found, walker.Next());
    if (!found) {
      return CorruptError(
          path, walker.end_offset(), walker.next(),
          fmt::format("{}; cannot cut behind version {}", walker.defect(), version));
    }
    plan->offsets.push_back(walker.record_offset());
  }
  RETURN_IF_ERROR(walker.SkipSeal());
  Segment kept;
  kept.first = first;
  kept.last = version;
  kept.prev_digest = header->prev_digest;
  kept.last_digest = walker.prev_digest();
  kept.size_bytes = walker.end_offset();
  kept.last_acknowledged = walker.sealed();
  plan->truncate = size_bytes > kept.size_bytes;
  plan->kept = kept;
  return OkStatus();
}

}  // namespace

StatusOr<CutPlan> PlanCut(FileSystem& fs, std::string_view directory,
                          const std::vector<Version>& firsts, Version version) {
  CutPlan plan;
  if (firsts.empty()) {
    return plan;
  }
  if (firsts.front() > version + 1) {
    return CorruptError(
        directory, 0, version,
        fmt::format("cannot cut behind a version before the oldest, {}", firsts.front()));
  }
  // The oldest segment stays even when every record of it goes.
  size_t kept = firsts.size() - 1;
  while (kept > 0 && firsts[kept] > version) {
    plan.removed.push_back(firsts[kept]);
    --kept;
  }
  const StatusOr<Segment> sealed = LoadSealedSegment(fs, directory, firsts[kept]);
  if (sealed.ok() && sealed->last == version) {
    plan.kept = *sealed;
    return plan;
  }
  if (!sealed.ok() && sealed.status().code() != StatusCode::kDataLoss) {
    return sealed.status();
  }
  RETURN_IF_ERROR(PlanKept(fs, directory, firsts[kept], version, &plan));
  return plan;
}

Status ApplyCut(FileSystem& fs, const std::string& directory, const CutPlan& plan) {
  for (const Version first : plan.removed) {
    RETURN_IF_ERROR(fs.RemoveFile(SegmentPath(directory, first)));
  }
  // One sync for all: while the mark stands, no order among the removals matters.
  RETURN_IF_ERROR(fs.SyncDir(directory));
  if (plan.truncate) {
    RETURN_IF_ERROR(fs.Truncate(SegmentPath(directory, plan.kept->first), plan.kept->size_bytes));
  }
  return OkStatus();
}

Status WriteCutMark(FileSystem& fs, std::string_view directory, Version version) {
  return WriteFileDurably(fs, JoinPath(directory, kCutMarkName), EncodeMark(version));
}

StatusOr<Version> ReadCutMark(FileSystem& fs, std::string_view directory) {
  const std::string path = JoinPath(directory, kCutMarkName);
  ASSIGN_OR_RETURN(const std::string text, ReadFile(fs, path, kMarkBytesMax));
  Version version = -1;
  if (text.starts_with(kMarkPrefix)) {
    std::from_chars(text.data() + kMarkPrefix.size(), text.data() + text.size(), version);
  }
  if (version < 0 || text != EncodeMark(version)) {
    return CorruptError(path, 0, 0, "the mark of an interrupted cut is damaged");
  }
  return version;
}

Status RemoveCutMark(FileSystem& fs, std::string_view directory) {
  return fs.RemoveFile(JoinPath(directory, kCutMarkName));
}

}  // namespace flatkv::wal_internal
