// Says now and then how far a replay has come.
#pragma once

#include <fmt/format.h>

#include <chrono>

#include "flatkv/base/logger.h"
#include "flatkv/base/types.h"

namespace flatkv {

class ReplayProgress {
 public:
  ReplayProgress(Logger& logger, Version first, Version last)
      : logger_(logger), first_(first), last_(last) {}

  void Replayed(Version version) {
    const auto now = std::chrono::steady_clock::now();
    if (now - reported_ < kInterval) {
      return;
    }
    reported_ = now;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double rate = static_cast<double>(version - first_ + 1) / seconds;
    logger_.Log(LogLevel::kInfo, "recovery.progress",
                fmt::format("replayed version {} of {}, {:.0f} versions/s, {:.0f} s left", version,
                            last_, rate, static_cast<double>(last_ - version) / rate));
  }

 private:
  static constexpr std::chrono::seconds kInterval{2};

  Logger& logger_;
  const Version first_;
  const Version last_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point reported_ = start_;
};

}  // namespace flatkv
