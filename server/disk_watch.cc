#include "server/disk_watch.h"

#include <fmt/format.h>

namespace flatkv::server {
namespace {

std::string GiB(uint64_t bytes) {
  constexpr double kBytesOfGiB = 1024.0 * 1024.0 * 1024.0;
  return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / kBytesOfGiB);
}

}  // namespace

std::string DiskWatch::Refresh(Clock::time_point now) {
  if (options_.warn_bytes == 0) {
    return "";
  }
  const uint64_t margin_bytes = options_.warn_bytes / 10;
  if (const StatusOr<uint64_t> free_bytes = fs_.FreeBytes(options_.directory); free_bytes.ok()) {
    free_bytes_ = *free_bytes;
    if (!low_ && free_bytes_ < options_.warn_bytes) {
      low_ = true;
      warned_bytes_.reset();
    } else if (low_ && free_bytes_ >= options_.warn_bytes + margin_bytes) {
      low_ = false;
      if (warned_bytes_.has_value()) {
        logger_.Log(LogLevel::kInfo, "daemon.disk_ok",
                    fmt::format("{} free for {}", GiB(free_bytes_), options_.directory));
      }
    }
  }
  if (!low_) {
    return "";
  }
  if (!warned_bytes_.has_value() || free_bytes_ + margin_bytes <= *warned_bytes_) {
    Warn(free_bytes_, now);
  }
  return fmt::format("{} free", GiB(free_bytes_));
}

void DiskWatch::Warn(uint64_t free_bytes, Clock::time_point now) {
  if (warned_at_.has_value() && now - *warned_at_ < kWarningInterval) {
    return;
  }
  warned_at_ = now;
  warned_bytes_ = free_bytes;
  logger_.Log(LogLevel::kWarning, "daemon.disk_low",
              fmt::format("{} free for {}, less than [server] disk-warn-bytes ({}): a store that "
                          "finds no space takes no more commits until it is restarted",
                          GiB(free_bytes), options_.directory, GiB(options_.warn_bytes)));
}

}  // namespace flatkv::server
