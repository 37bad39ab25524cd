// One call at the file seam, as fault rules and traces see it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace flatkv::test {

// Every call of FileSystem and of the handles it gives out.
enum class FsOp {
  // These change the disk, or open it for change: crash points.
  kCreate,
  kOpenAppend,
  kAppend,
  kSync,
  kStartWriteback,
  kClose,
  kTruncate,
  kLink,
  kSymlink,
  kRename,
  kExchange,
  kRemoveFile,
  kRemoveDir,
  kMakeDir,
  kSyncDir,
  kLock,
  // These only read.
  kOpenRead,
  kRead,
  kSize,
  kReadLink,
  kList,
  kStat,
  kFreeBytes,
};
// "create", "sync", "syncdir" and so on.
std::string_view FsOpName(FsOp op);
bool IsMutating(FsOp op);

struct FsCall {
  // The index of a call that is not counted.
  static constexpr uint64_t kNotCounted = UINT64_MAX;

  FsOp op = FsOp::kStat;
  std::string path;
  // kRename, kExchange and kLink: the new name; kSymlink: the target.
  std::string other;
  // From 0, over the counted calls.
  uint64_t index = kNotCounted;
};
// "sync a/b", "rename a/b-tmp -> a/b".
std::string ToString(const FsCall& call);

}  // namespace flatkv::test
