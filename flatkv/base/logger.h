// Where the library reports what an operator should know. server/ forwards to spdlog; tests collect
// the lines.
#pragma once

#include <string_view>

namespace flatkv {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Thread-safe. One call is one event: a stable event name ("recovery.replayed") and a readable text
// with figures.
class Logger {
 public:
  virtual ~Logger() = default;
  virtual void Log(LogLevel level, std::string_view event, std::string_view text) = 0;
};

// Drops everything; lives as long as the process.
Logger& NullLogger();

}  // namespace flatkv
