// The files that text records live in: read with every doubt turned into damage.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"

namespace flatkv {

// kDataLoss with Reason::kSnapshotCorrupt: "read `path`: `what`".
Status SnapshotCorrupt(std::string_view path, std::string_view what);

// The content of the record at `path`. Follows no symlink. Errors: kNotFound if there is none;
// kDataLoss with Reason::kSnapshotCorrupt for what is no regular file, or holds more than
// `size_bytes_max`.
StatusOr<std::string> ReadRecordFile(FileSystem& fs, const std::string& path,
                                     uint64_t size_bytes_max);

}  // namespace flatkv
