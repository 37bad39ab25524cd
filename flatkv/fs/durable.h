// Durable compositions of the file calls: each leaves either the old state or the new one after a
// crash.
#pragma once

#include <string>
#include <string_view>

#include "flatkv/fs/file_system.h"

namespace flatkv {

using absl::IsNotFound;  // argument-dependent lookup finds this one in any case
// Whether the name exists (a dangling symlink does). Errors other than absence are returned.
StatusOr<bool> Exists(FileSystem& fs, const std::string& path);

// The whole content of a file. Errors: kResourceExhausted if it holds more than `size_bytes_max`.
StatusOr<std::string> ReadFile(FileSystem& fs, const std::string& path, uint64_t size_bytes_max);

// Replaces `path` by `content`: write "<path>-tmp", sync it, rename it over `path`, sync the
// directory.
Status WriteFileDurably(FileSystem& fs, const std::string& path, std::string_view content);

// Makes directory `path` and its missing parents, each name synced in its parent. An existing
// directory is fine, one that another thread makes at the same time too.
Status MakeDirsDurably(FileSystem& fs, const std::string& path);

// Removes a file or symlink if it is there and syncs its directory.
Status RemoveFileDurably(FileSystem& fs, const std::string& path);

// Removes a directory with everything below it (symlinks are removed, not followed), then syncs its
// parent. Absent is fine.
Status RemoveTreeDurably(FileSystem& fs, const std::string& path);

}  // namespace flatkv
