#include "cli/status_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace flatkv::cli {
namespace {

constexpr std::chrono::milliseconds kTerminalPeriod{200};
constexpr std::chrono::milliseconds kLogPeriod{5000};

}  // namespace

StatusLine::StatusLine() : terminal_(::isatty(STDERR_FILENO) == 1), shown_(Clock::now()) {}

StatusLine::~StatusLine() {
  if (line_open_) {
    fmt::print(stderr, "\r\x1b[K");
  }
}

void StatusLine::Show(std::string_view text) {
  const Clock::time_point now = Clock::now();
  if (now - shown_ < (terminal_ ? kTerminalPeriod : kLogPeriod)) {
    return;
  }
  shown_ = now;
  if (terminal_) {
    fmt::print(stderr, "\r{}\x1b[K", text);
    std::fflush(stderr);
    line_open_ = true;
  } else {
    fmt::print(stderr, "{}\n", text);
  }
}

std::string ProgressText(std::string_view what, std::string_view phase, uint64_t done,
                         uint64_t total) {
  if (total == 0) {
    return fmt::format("{}: {}, {}", what, phase, done);
  }
  return fmt::format("{}: {}, {} of {} ({:.0f} %)", what, phase, done, total,
                     100.0 * static_cast<double>(done) / static_cast<double>(total));
}

}  // namespace flatkv::cli
