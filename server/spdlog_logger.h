// The library's Logger over spdlog: one event a line on stderr, as text or JSON, times in UTC.
//
//   2026-01-31T23:59:59.123Z info  recovery.replayed versions 5 to 9 in 0.2 s
//   {"time":"2026-01-31T23:59:59.123Z","level":"info","event":"recovery.replayed","text":"versions
//   5 to 9 in 0.2 s"}
//
// Thread safety: internal.
#pragma once

#include <memory>
#include <string_view>

#include "config/config.h"
#include "flatkv/base/logger.h"

namespace spdlog {
class logger;
}

namespace flatkv::server {

class SpdlogLogger final : public Logger {
 public:
  explicit SpdlogLogger(const LogConfig& config);
  ~SpdlogLogger() override;

  void Log(LogLevel level, std::string_view event, std::string_view text) override;

 private:
  const LogConfig config_;
  const std::unique_ptr<spdlog::logger> out_;
};

}  // namespace flatkv::server
