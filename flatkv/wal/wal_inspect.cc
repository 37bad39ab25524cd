#include "flatkv/wal/wal_inspect.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "flatkv/fs/path.h"
#include "flatkv/wal/wal_cut.h"
#include "flatkv/wal/wal_error.h"
#include "flatkv/wal/wal_inspect_segment.h"
#include "flatkv/wal/wal_segment_name.h"

namespace flatkv {

using namespace wal_internal;

namespace {

struct Names {
  std::vector<Version> firsts;  // ascending
  bool cut_marked = false;
};

StatusOr<Names> ListNames(FileSystem& fs, const std::string& directory) {
  ASSIGN_OR_RETURN(const std::vector<std::string> files, fs.List(directory));
  Names names;
  for (const std::string& file : files) {
    if (const std::optional<Version> first = ParseSegmentName(file)) {
      names.firsts.push_back(*first);
    }
    names.cut_marked = names.cut_marked || file == kCutMarkName;
  }
  return names;
}

Status ChangedError(const std::string& directory) {
  return Aborted(fmt::format(
      "changelog {}: it was pruned or cut while it was read; run the command again", directory));
}

class Inspector {
 public:
  Inspector(FileSystem& fs, const std::string& directory) : fs_(fs), directory_(directory) {}

  Status List() {
    ASSIGN_OR_RETURN(names_, ListNames(fs_, directory_));
    return OkStatus();
  }
  const Names& names() const { return names_; }

  // Segment `i` of names().firsts, compared with the one before it if that was given last.
  StatusOr<InspectedSegment> Segment(size_t i, SegmentInspection inspection) {
    const Version first = names_.firsts[i];
    inspection.is_last = i + 1 == names_.firsts.size();
    StatusOr<InspectedSegment> found = InspectSegment(fs_, directory_, first, inspection);
    if (!found.ok()) {
      return found.status().code() == StatusCode::kNotFound ? ChangedError(directory_)
                                                            : found.status();
    }
    CheckFollows(*found);
    if (found->defect.has_value()) {
      RETURN_IF_ERROR(CheckUnchanged(*found, inspection));
    }
    previous_ = found->defect.has_value() ? std::optional<InspectedSegment>() : *found;
    return found;
  }

 private:
  void CheckFollows(InspectedSegment& segment) const {
    // A segment whose creation is under way has no header yet.
    const bool unborn = segment.summary.state == WalSegmentState::kInProgress &&
                        segment.summary.unfinished_bytes == segment.summary.size_bytes;
    if (!previous_.has_value() || segment.defect.has_value()) {
      return;
    }
    const Version first = segment.summary.first;
    std::string cause;
    if (first != previous_->summary.last + 1) {
      cause = fmt::format("the segment before it ends with version {}", previous_->summary.last);
    } else if (!unborn && segment.prev_digest != previous_->last_digest) {
      cause = "the segment does not continue the chain of the segment before it";
    } else {
      return;
    }
    segment.summary.state = WalSegmentState::kDamaged;
    segment.defect = WalDefect{segment.summary.path, 0, first, std::move(cause)};
  }

  // Damage stays where it is; what a writer took away meanwhile is gone when looked at again.
  Status CheckUnchanged(const InspectedSegment& found, SegmentInspection inspection) const {
    inspection.on_record = nullptr;
    const StatusOr<InspectedSegment> again =
        InspectSegment(fs_, directory_, found.summary.first, inspection);
    ASSIGN_OR_RETURN(const Names now, ListNames(fs_, directory_));
    const bool names_gone = !std::includes(now.firsts.begin(), now.firsts.end(),
                                           names_.firsts.begin(), names_.firsts.end());
    const bool shrunk = !again.ok() || again->summary.size_bytes < found.summary.size_bytes;
    const bool healed =
        again.ok() && found.defect->offset != 0 &&
        (!again->defect.has_value() || again->defect->offset != found.defect->offset);
    if (names_gone || shrunk || healed || now.cut_marked != names_.cut_marked) {
      return ChangedError(directory_);
    }
    return OkStatus();
  }

  FileSystem& fs_;
  const std::string& directory_;
  Names names_;
  std::optional<InspectedSegment> previous_;
};

Status ReadTarget(FileSystem& fs, const std::string& directory, WalInspection* inspection) {
  const StatusOr<Version> target = ReadCutMark(fs, directory);
  if (target.ok()) {
    inspection->cut_target = *target;
    return OkStatus();
  }
  switch (target.status().code()) {
    case StatusCode::kNotFound:
      return ChangedError(directory);
    case StatusCode::kDataLoss:
    case StatusCode::kResourceExhausted:  // longer than a mark
      inspection->defect = WalDefect{JoinPath(directory, kCutMarkName), 0, 0,
                                     "the mark of an interrupted cut is damaged"};
      return OkStatus();
    default:
      return target.status();
  }
}

}  // namespace

std::string_view WalSegmentStateName(WalSegmentState state) {
  switch (state) {
    case WalSegmentState::kSealed:
      return "sealed";
    case WalSegmentState::kActive:
      return "active";
    case WalSegmentState::kInProgress:
      return "in progress";
    case WalSegmentState::kDamaged:
      break;
  }
  return "damaged";
}

Status ToStatus(const WalDefect& defect) {
  return CorruptError(defect.path, defect.offset, defect.version, defect.cause);
}

Version WalInspection::last_version() const {
  for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
    if (segment->last >= segment->first) {
      return segment->last;
    }
  }
  return 0;
}

uint64_t WalInspection::size_bytes() const {
  uint64_t bytes = 0;
  for (const WalSegmentSummary& segment : segments) {
    bytes += segment.size_bytes;
  }
  return bytes;
}

StatusOr<WalInspection> InspectWal(FileSystem& fs, const std::string& directory,
                                   WalInspectDepth depth, const OnWalProgress& on_progress) {
  Inspector inspector(fs, directory);
  RETURN_IF_ERROR(inspector.List());
  WalInspection inspection;
  if (inspector.names().cut_marked) {
    RETURN_IF_ERROR(ReadTarget(fs, directory, &inspection));
  }
  uint64_t total = 0;
  for (const Version first : inspector.names().firsts) {
    const StatusOr<FileInfo> info = fs.Stat(SegmentPath(directory, first));
    total += info.ok() ? info->size_bytes : 0;
  }
  uint64_t before = 0;  // bytes of the segments that are done
  SegmentInspection how;
  how.every_record = depth == WalInspectDepth::kRecords;
  how.on_record = [&](const RecordWalker& walker) -> StatusOr<bool> {
    if (on_progress && !on_progress(before + walker.end_offset(), total)) {
      return Cancelled("cancelled");
    }
    return true;
  };
  for (size_t i = 0; i < inspector.names().firsts.size(); ++i) {
    ASSIGN_OR_RETURN(InspectedSegment segment, inspector.Segment(i, how));
    before += segment.summary.size_bytes;
    inspection.records_read += segment.records_read;
    inspection.segments.push_back(std::move(segment.summary));
    if (segment.defect.has_value() && !inspection.defect.has_value()) {
      inspection.defect = std::move(segment.defect);
    }
  }
  return inspection;
}

Status WalkWal(FileSystem& fs, const std::string& directory, Version first, Version last,
               const OnWalRecord& on_record) {
  Inspector inspector(fs, directory);
  RETURN_IF_ERROR(inspector.List());
  const std::vector<Version>& firsts = inspector.names().firsts;
  SegmentInspection how;
  how.every_record = true;
  how.on_record = [&](const RecordWalker& walker) -> StatusOr<bool> {
    const WalRecordInfo& info = walker.info();
    if (info.version >= first && info.version <= last) {
      RETURN_IF_ERROR(on_record(info, walker.payload()));
    }
    return info.version < last;
  };
  for (size_t i = 0; i < firsts.size() && firsts[i] <= last; ++i) {
    if (i + 1 < firsts.size() && firsts[i + 1] <= first) {
      continue;
    }
    ASSIGN_OR_RETURN(const InspectedSegment segment, inspector.Segment(i, how));
    if (segment.defect.has_value()) {
      return ToStatus(*segment.defect);
    }
  }
  return OkStatus();
}

}  // namespace flatkv
