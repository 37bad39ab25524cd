#include "flatkv/store/lone_changelog.h"

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "flatkv/base/hex.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/wal/wal.h"
#include "flatkv/wal/wal_inspect.h"
#include "flatkv/wal/wal_segment_name.h"

namespace flatkv {
namespace {

// A writer that cuts or prunes while the record is looked for ends the look; it is rare, and seldom
// comes twice.
constexpr int kAttempts = 5;

Status Damaged(std::string_view path, std::string_view what) {
  return WithReason(DataLoss(fmt::format("changelog {}: {}", path, what)),
                    Reason::kChangelogCorrupt);
}

Status CheckOfSnapshot(const std::string& directory, const ChangelogRecord& record,
                       const SnapshotManifest& manifest) {
  if (record.root == manifest.root && record.content_digest == manifest.content_digest) {
    return OkStatus();
  }
  return Damaged(directory,
                 fmt::format("version {} has root {}, and its snapshot {}: they are of two "
                             "histories",
                             record.version, HexEncode(AsBytes(record.root)),
                             HexEncode(AsBytes(manifest.root))));
}

StatusOr<ChangelogRecord> TryRead(FileSystem& fs, const std::string& directory, Version version) {
  std::optional<ChangelogRecord> found;
  const Status walked = WalkWal(
      fs, directory, version, version,
      [&found](const WalRecordInfo& info, std::string_view payload) {
        found = ChangelogRecord{info.version, info.root, info.content_digest, std::string(payload)};
        return OkStatus();
      });
  if (found.has_value()) {
    return *std::move(found);  // what is damaged behind it is none of ours
  }
  RETURN_IF_ERROR(walked);
  return Damaged(directory, fmt::format("it has no record of version {}", version));
}

}  // namespace

StatusOr<ChangelogRecord> ReadRecordOf(FileSystem& fs, const std::string& directory,
                                       const SnapshotManifest& manifest) {
  StatusOr<ChangelogRecord> record = TryRead(fs, directory, manifest.version);
  for (int i = 1; i < kAttempts && record.status().code() == StatusCode::kAborted; ++i) {
    record = TryRead(fs, directory, manifest.version);
  }
  RETURN_IF_ERROR(record.status());
  RETURN_IF_ERROR(CheckOfSnapshot(directory, *record, manifest));
  return record;
}

StatusOr<ChangelogRecord> ReadLoneRecordOf(FileSystem& fs, const std::string& directory,
                                           const SnapshotManifest& manifest) {
  const StatusOr<FileInfo> info = fs.Stat(directory);
  if (!info.ok() || info->type != FileType::kDirectory) {
    return Damaged(directory, info.ok() ? "it is not a directory" : MessageOf(info.status()));
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> names, fs.List(directory));
  const std::string expected = wal_internal::SegmentName(manifest.version);
  for (const std::string& name : names) {
    if (name != expected) {
      return Damaged(JoinPath(directory, name), "it does not belong there");
    }
  }
  const std::string path = JoinPath(directory, expected);
  const StatusOr<FileInfo> file = fs.Stat(path);
  if (!file.ok() || file->type != FileType::kRegular) {
    return Damaged(path, file.ok() ? "it is not a regular file" : MessageOf(file.status()));
  }
  ASSIGN_OR_RETURN(const WalInspection inspection,
                   InspectWal(fs, directory, WalInspectDepth::kRecords));
  if (inspection.defect.has_value()) {
    return ToStatus(*inspection.defect);
  }
  // It was closed cleanly: what would be a torn tail elsewhere is damage here.
  const WalSegmentSummary& segment = inspection.segments.front();
  if (segment.last != manifest.version || segment.unfinished_bytes != 0 ||
      segment.damaged_seals != 0) {
    return Damaged(path, fmt::format("it is not whole: the record of version {} and its seal are "
                                     "expected, and nothing else",
                                     manifest.version));
  }
  return ReadRecordOf(fs, directory, manifest);
}

Status WriteLoneChangelog(FileSystem& fs, Logger& logger, const std::string& directory,
                          const ChangelogRecord& record) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Wal> wal, Wal::Open(fs, logger, directory, WalOptions()));
  RETURN_IF_ERROR(wal->Append(record.version, record.payload, record.content_digest, record.root));
  RETURN_IF_ERROR(wal->Sync());
  RETURN_IF_ERROR(wal->Acknowledge(record.version));
  return wal->Close();
}

}  // namespace flatkv
