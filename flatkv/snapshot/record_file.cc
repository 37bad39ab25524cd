#include "flatkv/snapshot/record_file.h"

#include <fmt/format.h>

#include "flatkv/fs/durable.h"

namespace flatkv {

Status SnapshotCorrupt(std::string_view path, std::string_view what) {
  return WithReason(DataLoss(fmt::format("read {}: {}", path, what)), Reason::kSnapshotCorrupt);
}

StatusOr<std::string> ReadRecordFile(FileSystem& fs, const std::string& path,
                                     uint64_t size_bytes_max) {
  ASSIGN_OR_RETURN(const FileInfo info, fs.Stat(path));
  if (info.type != FileType::kRegular) {
    return SnapshotCorrupt(path, "it is not a regular file");
  }
  if (info.size_bytes > size_bytes_max) {
    return SnapshotCorrupt(path, fmt::format("it holds {} bytes; such a record has at most {}",
                                             info.size_bytes, size_bytes_max));
  }
  return ReadFile(fs, path, size_bytes_max);
}

}  // namespace flatkv
