#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace flatkv::cli {
namespace {

constexpr std::chrono::milliseconds kTerminalPeriod{200};
constexpr std::chrono::milliseconds kLogPeriod{5000};

}  // namespace

Progress::Progress(std::optional<uint64_t> file_bytes, bool quiet)
    : file_bytes_(file_bytes),
      quiet_(quiet),
      terminal_(::isatty(STDERR_FILENO) == 1),
      start_(Clock::now()),
      printed_(start_) {}

void Progress::Sent(size_t updates, uint64_t file_offset) {
  MutexLock lock(mutex_);
  in_flight_.push_back({updates, file_offset});
}

void Progress::Confirmed(Version version) {
  MutexLock lock(mutex_);
  totals_.last_version = version;
  ++totals_.versions;
  if (!in_flight_.empty()) {
    totals_.updates += in_flight_.front().updates;
    offset_ = in_flight_.front().file_offset;
    in_flight_.pop_front();
  }
  if (!quiet_ && Clock::now() - printed_ >= (terminal_ ? kTerminalPeriod : kLogPeriod)) {
    Print();
  }
}

void Progress::Finish() {
  MutexLock lock(mutex_);
  if (line_open_) {
    fmt::print(stderr, "\r\x1b[K");
    line_open_ = false;
  }
}

Progress::Totals Progress::totals() const {
  MutexLock lock(mutex_);
  Totals totals = totals_;
  totals.seconds = Seconds();
  return totals;
}

double Progress::Seconds() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

void Progress::Print() {
  printed_ = Clock::now();
  const double seconds = Seconds();
  std::string line = fmt::format("replay: version {}, {} versions, {} updates, {:.0f} updates/s",
                                 totals_.last_version, totals_.versions, totals_.updates,
                                 static_cast<double>(totals_.updates) / seconds);
  if (file_bytes_.has_value() && offset_ > 0 && offset_ <= *file_bytes_) {
    const double left = static_cast<double>(*file_bytes_ - offset_) / static_cast<double>(offset_);
    line += fmt::format(", {:.0f} s left", seconds * left);
  }
  if (terminal_) {
    fmt::print(stderr, "\r{}\x1b[K", line);
    std::fflush(stderr);
    line_open_ = true;
  } else {
    fmt::print(stderr, "{}\n", line);
  }
}

}  // namespace flatkv::cli
