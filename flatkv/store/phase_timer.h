// The time between two moments, added to one of several sums. Thread safety: one thread.
#pragma once

#include <chrono>

namespace flatkv {

class PhaseTimer {
 public:
  // Adds the time since the last call, or since the timer was made, to a phase.
  void Add(std::chrono::nanoseconds* phase) {
    const Clock::time_point now = Clock::now();
    *phase += now - last_;
    last_ = now;
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point last_ = Clock::now();
};

}  // namespace flatkv
