// A line on standard error that says how far something is: rewritten on a terminal, printed every
// few seconds otherwise.
//
// Thread safety: one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace flatkv::cli {

class StatusLine {
 public:
  StatusLine();
  // Removes the rewritten line.
  ~StatusLine();
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  // Shows `text` if it is time to.
  void Show(std::string_view text);

 private:
  using Clock = std::chrono::steady_clock;

  const bool terminal_;
  Clock::time_point shown_;
  bool line_open_ = false;
};

// "verify: rows storage, 12 of 34 (35 %)"; without a total "verify: rows storage, 12".
std::string ProgressText(std::string_view what, std::string_view phase, uint64_t done,
                         uint64_t total);

}  // namespace flatkv::cli
