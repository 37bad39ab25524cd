// Small directories that pass for stores, for what takes the place of what.
#pragma once

#include <fmt/format.h>

#include <string>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/snapshot/store_swap.h"

namespace flatkv::test {

inline constexpr char kSwapHome[] = "/home";
inline constexpr char kSwapOperation[] = "0123456789abcdef0123456789abcdef";
inline constexpr char kSwapOldId[] = "11111111111111111111111111111111";
inline constexpr char kSwapNewId[] = "22222222222222222222222222222222";
inline constexpr uint64_t kSwapNow = 1767323045;

inline Status MakeSampleStore(FileSystem& fs, const std::string& directory, const char* id) {
  RETURN_IF_ERROR(MakeDirsDurably(fs, JoinPath(directory, kChangelogName)));
  RETURN_IF_ERROR(WriteFileDurably(fs, JoinPath(directory, kIdentityName),
                                   fmt::format("flatkv-store 1\nstore-id = {}\n", id)));
  return WriteFileDurably(fs, JoinPath(directory, "changelog/1.wal"), id);
}

// Whether it is there as MakeSampleStore made it.
inline bool IsSampleStore(FileSystem& fs, const std::string& directory, const std::string& id) {
  const StatusOr<std::string> found = StoreIdAt(fs, directory);
  const StatusOr<std::string> log = ReadFile(fs, JoinPath(directory, "changelog/1.wal"), 4096);
  return found.ok() && *found == id && log.ok() && *log == id;
}

// The swap of what is at kSwapHome.
inline SwapRecord SampleSwap(FileSystem& fs) {
  SwapRecord record;
  record.operation = "import";
  record.operation_id = kSwapOperation;
  record.reason = "import --replace\nof /archive";
  record.from_store_id = StoreIdAt(fs, JoinPath(kSwapHome, kStoreName)).value_or("");
  record.to_store_id = kSwapNewId;
  record.version = 42;
  record.root.fill(7);
  return record;
}

}  // namespace flatkv::test
