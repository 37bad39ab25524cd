// Warns when the file system of the store runs out of space: a full one ends the taking of commits.
//
// Thread safety: none.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "flatkv/base/logger.h"
#include "flatkv/fs/file_system.h"

namespace flatkv::server {

struct DiskWatchOptions {
  std::string directory;    // on the file system that is watched
  uint64_t warn_bytes = 0;  // less free space is warned of; 0: never
};

class DiskWatch {
 public:
  using Clock = std::chrono::steady_clock;

  // A warning is repeated when a tenth of `warn_bytes` more is gone, and comes at most this often.
  static constexpr std::chrono::minutes kWarningInterval{1};

  // `fs` and `logger` outlive the object.
  DiskWatch(FileSystem& fs, Logger& logger, DiskWatchOptions options)
      : fs_(fs), logger_(logger), options_(std::move(options)) {}

  // Looks, and logs daemon.disk_low, or daemon.disk_ok once a tenth more than `warn_bytes` is free
  // again. Returns "4.2 GiB free" while there is little, else "". A file system that cannot tell
  // changes nothing. Call it about once a second, `now` never going back.
  std::string Refresh(Clock::time_point now);

 private:
  void Warn(uint64_t free_bytes, Clock::time_point now);

  FileSystem& fs_;
  Logger& logger_;
  const DiskWatchOptions options_;
  bool low_ = false;
  uint64_t free_bytes_ = 0;               // when last asked
  std::optional<uint64_t> warned_bytes_;  // free at the last warning since low_; unset: none came
  std::optional<Clock::time_point> warned_at_;
};

}  // namespace flatkv::server
