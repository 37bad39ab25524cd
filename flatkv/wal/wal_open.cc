#include "flatkv/wal/wal_open.h"

#include <fmt/core.h>

#include <optional>
#include <string_view>
#include <utility>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/wal/wal_cut.h"
#include "flatkv/wal/wal_error.h"
#include "flatkv/wal/wal_segment_name.h"

namespace flatkv::wal_internal {
namespace {

class LogOpener {
 public:
  LogOpener(FileSystem& fs, Logger& logger, const std::string& directory, const WalOptions& options)
      : fs_(fs), logger_(logger), directory_(directory), options_(options) {}

  StatusOr<OpenedLog> Run() {
    RETURN_IF_ERROR(MakeDirsDurably(fs_, directory_));
    RETURN_IF_ERROR(ListNames());
    RETURN_IF_ERROR(FinishCut());
    if (!firsts_.empty()) {
      RETURN_IF_ERROR(LoadSealedSegments());
      RETURN_IF_ERROR(LoadLastSegment());
    }
    RETURN_IF_ERROR(CheckFloor());
    return std::move(log_);
  }

 private:
  Status ListNames() {
    ASSIGN_OR_RETURN(const std::vector<std::string> names, fs_.List(directory_));
    for (const std::string& name : names) {
      if (const std::optional<Version> first = ParseSegmentName(name)) {
        firsts_.push_back(*first);
      } else if (name == kCutMarkName) {
        cut_marked_ = true;
      } else if (name.ends_with(kLeftoverSuffix)) {
        RETURN_IF_ERROR(fs_.RemoveFile(JoinPath(directory_, name)));
      } else {
        return FailedPrecondition(fmt::format(
            "changelog {}: \"{}\" is not a file of a changelog; move it away", directory_, name));
      }
    }
    return OkStatus();
  }

  Status FinishCut() {
    if (!cut_marked_) {
      return OkStatus();
    }
    ASSIGN_OR_RETURN(const Version version, ReadCutMark(fs_, directory_));
    ASSIGN_OR_RETURN(const CutPlan plan, PlanCut(fs_, directory_, firsts_, version));
    RETURN_IF_ERROR(ApplyCut(fs_, directory_, plan));
    RETURN_IF_ERROR(RemoveCutMark(fs_, directory_));
    firsts_.resize(firsts_.size() - plan.removed.size());
    log_.recovery.finished_cut = true;
    logger_.Log(
        LogLevel::kWarning, "wal.cut_finished",
        fmt::format("finished an interrupted cut of {} above version {}", directory_, version));
    return OkStatus();
  }

  // All but the last.
  Status LoadSealedSegments() {
    for (size_t i = 0; i + 1 < firsts_.size(); ++i) {
      ASSIGN_OR_RETURN(const Segment segment, LoadSealedSegment(fs_, directory_, firsts_[i]));
      RETURN_IF_ERROR(CheckFollows(segment));
      log_.segments.push_back(segment);
    }
    return OkStatus();
  }

  Status LoadLastSegment() {
    const Version first = firsts_.back();
    ASSIGN_OR_RETURN(ScannedSegment scanned,
                     ScanLastSegment(fs_, directory_, first, options_.committed_floor));
    if (scanned.incomplete_header) {
      return DropIncomplete(scanned);
    }
    RETURN_IF_ERROR(CheckFollows(scanned.segment));
    if (scanned.torn_bytes > 0) {
      RETURN_IF_ERROR(ReportTorn(scanned));
      RETURN_IF_ERROR(fs_.Truncate(SegmentPath(directory_, first), scanned.segment.size_bytes));
    }
    if (scanned.damaged_seals > 0) {
      logger_.Log(LogLevel::kWarning, "wal.damaged_seal",
                  fmt::format("{}: {} damaged seals between whole records; no record is affected",
                              SegmentPath(directory_, first), scanned.damaged_seals));
    }
    log_.segments.push_back(scanned.segment);
    log_.offsets = std::move(scanned.offsets);
    return OkStatus();
  }

  // Removes a last segment whose creation was interrupted; the one before it becomes the last, and
  // is then verified record by record too.
  Status DropIncomplete(const ScannedSegment& scanned) {
    const Version first = scanned.segment.first;
    const std::string path = SegmentPath(directory_, first);
    if (!log_.segments.empty() && log_.segments.back().last + 1 != first) {
      return GapError(path, first);
    }
    if (options_.committed_floor >= first) {
      return LostVersionsError(path, 0, first, options_.committed_floor);
    }
    RETURN_IF_ERROR(ReportTorn(scanned));
    RETURN_IF_ERROR(fs_.RemoveFile(path));
    firsts_.pop_back();
    if (firsts_.empty()) {
      return OkStatus();
    }
    log_.segments.pop_back();
    return LoadLastSegment();
  }

  // Logs what is about to be cut, or refuses to.
  Status ReportTorn(const ScannedSegment& scanned) {
    const std::string path = SegmentPath(directory_, scanned.segment.first);
    const std::string what = fmt::format(
        "{}: {} bytes at offset {} are the torn end of a write that was never acknowledged", path,
        scanned.torn_bytes, scanned.segment.size_bytes);
    if (options_.torn_tail == TornTail::kRefuse) {
      return WithReason(FailedPrecondition(fmt::format(
                            "changelog {}; wal.torn-tail = \"repair\" cuts them off", what)),
                        Reason::kChangelogCorrupt);
    }
    logger_.Log(LogLevel::kWarning, "wal.torn_tail_repaired", what + "; cut off");
    log_.recovery.torn_bytes += scanned.torn_bytes;
    log_.recovery.torn_file = path;
    return OkStatus();
  }

  Status GapError(std::string_view path, Version first) const {
    return CorruptError(
        path, 0, first,
        fmt::format("the segment before it ends with version {}", log_.segments.back().last));
  }

  // `segment` continues the one before it.
  Status CheckFollows(const Segment& segment) const {
    if (log_.segments.empty()) {
      return OkStatus();
    }
    const std::string path = SegmentPath(directory_, segment.first);
    if (segment.first != log_.segments.back().last + 1) {
      return GapError(path, segment.first);
    }
    if (segment.prev_digest != log_.segments.back().last_digest) {
      return CorruptError(path, 0, segment.first,
                          "the segment does not continue the chain of the segment before it");
    }
    return OkStatus();
  }

  Status CheckFloor() const {
    const Version end = log_.segments.empty() ? 0 : log_.segments.back().last;
    if (end >= options_.committed_floor) {
      return OkStatus();
    }
    const bool none = log_.segments.empty();
    return LostVersionsError(
        none ? directory_ : SegmentPath(directory_, log_.segments.back().first),
        none ? 0 : log_.segments.back().size_bytes, end + 1, options_.committed_floor);
  }

  FileSystem& fs_;
  Logger& logger_;
  const std::string& directory_;
  const WalOptions& options_;
  std::vector<Version> firsts_;
  bool cut_marked_ = false;
  OpenedLog log_;
};

}  // namespace

StatusOr<OpenedLog> OpenLog(FileSystem& fs, Logger& logger, const std::string& directory,
                            const WalOptions& options) {
  return LogOpener(fs, logger, directory, options).Run();
}

}  // namespace flatkv::wal_internal
