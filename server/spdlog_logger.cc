#include "server/spdlog_logger.h"

#include <fmt/chrono.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

namespace flatkv::server {
namespace {

std::string_view NameOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

std::string UtcNow() {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                     (now - seconds).count());
}

// One event is one line whatever the text holds.
std::string OneLine(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (c == '\n' || c == '\r') {
      c = ' ';
    }
  }
  return line;
}

}  // namespace

SpdlogLogger::SpdlogLogger(const LogConfig& config)
    : config_(config),
      out_(std::make_unique<spdlog::logger>("flatkvd",
                                            std::make_shared<spdlog::sinks::stderr_sink_mt>())) {
  out_->set_pattern("%v");
  out_->set_level(spdlog::level::trace);
}

SpdlogLogger::~SpdlogLogger() = default;

void SpdlogLogger::Log(LogLevel level, std::string_view event, std::string_view text) {
  if (level < config_.level) {
    return;
  }
  std::string line;
  if (config_.format == LogFormat::kJson) {
    const nlohmann::ordered_json entry = {
        {"time", UtcNow()}, {"level", NameOf(level)}, {"event", event}, {"text", text}};
    line = entry.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  } else {
    line = fmt::format("{} {:<7} {} {}", UtcNow(), NameOf(level), event, OneLine(text));
  }
  out_->log(spdlog::level::info, line);
}

}  // namespace flatkv::server
