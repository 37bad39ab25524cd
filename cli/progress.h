// Progress of a replay on standard error: one rewritten line on a terminal, a line every few
// seconds otherwise.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "flatkv/base/mutex.h"
#include "flatkv/base/thread_annotations.h"
#include "flatkv/base/types.h"

namespace flatkv::cli {

class Progress {
 public:
  using Clock = std::chrono::steady_clock;
  struct Totals {
    uint64_t versions = 0;
    uint64_t updates = 0;
    Version last_version = 0;
    double seconds = 0;
  };

  // `file_bytes` unset: no estimate of the time left. `quiet`: prints nothing, still counts.
  Progress(std::optional<uint64_t> file_bytes, bool quiet);

  // A version was read; the file is read up to `file_offset`.
  void Sent(size_t updates, uint64_t file_offset) EXCLUDES(mutex_);
  // The oldest version that was sent is committed.
  void Confirmed(Version version) EXCLUDES(mutex_);
  // Ends the rewritten line.
  void Finish() EXCLUDES(mutex_);
  Totals totals() const EXCLUDES(mutex_);

 private:
  struct InFlight {
    size_t updates;
    uint64_t file_offset;
  };

  double Seconds() const REQUIRES(mutex_);
  void Print() REQUIRES(mutex_);

  const std::optional<uint64_t> file_bytes_;
  const bool quiet_;
  const bool terminal_;
  const Clock::time_point start_;

  mutable Mutex mutex_;
  std::deque<InFlight> in_flight_ GUARDED_BY(mutex_);
  Totals totals_ GUARDED_BY(mutex_);
  uint64_t offset_ GUARDED_BY(mutex_) = 0;
  Clock::time_point printed_ GUARDED_BY(mutex_);
  bool line_open_ GUARDED_BY(mutex_) = false;
};

}  // namespace flatkv::cli
