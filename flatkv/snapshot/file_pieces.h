// Reading a file of any size in pieces.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"

namespace flatkv {

inline constexpr size_t kFilePieceBytes = size_t{1} << 20;

// Calls `use` with the bytes of the file in order, at most kFilePieceBytes at a time and not at all
// for an empty file; a piece is valid during its call. Errors: kDataLoss with
// Reason::kSnapshotCorrupt for what is no regular file (a symlink is none); the first error of
// `use`.
Status ReadInPieces(FileSystem& fs, const std::string& path,
                    const std::function<Status(std::string_view piece)>& use);

}  // namespace flatkv
