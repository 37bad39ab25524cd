// wal info, wal dump, wal verify: the changelog's files, read beside a daemon or without one and
// never written (flatkv/wal/wal_inspect.h).
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/fs/file_system.h"

namespace flatkv::cli {

// The changelog of a store directory.
std::string ChangelogOf(const std::string& store_directory);

// The segments, and the records of the last one. Errors: kDataLoss at a defect, after the listing.
Status RunWalInfo(FileSystem& fs, const std::string& changelog, bool json);

struct WalDumpOptions {
  std::optional<Version> from;
  std::optional<Version> to;
  bool pairs = false;  // the change-log file that `replay` takes, and nothing else
};
// A line a version. Errors: kOutOfRange when the changelog has none of the versions; kDataLoss at a
// defect, after everything before it.
Status RunWalDump(FileSystem& fs, const std::string& changelog, const WalDumpOptions& options,
                  bool json);

// Every checksum, digest and link. Errors: kDataLoss with the first defect; kCancelled.
Status RunWalVerify(FileSystem& fs, const std::string& changelog, bool json,
                    const std::function<bool()>& interrupted);

}  // namespace flatkv::cli
