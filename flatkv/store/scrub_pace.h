// How fast a scrub reads, and when it stops: a rate over its own reads, and a wait that ends at
// once when somebody wants it to.
//
// Thread safety: Stop and Interrupt from any thread; the rest from the scrubbing one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "flatkv/base/mutex.h"

namespace flatkv {

class ScrubPace {
 public:
  using Clock = std::chrono::steady_clock;

  // 0: as fast as it goes.
  explicit ScrubPace(uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}

  // After `bytes` more were read: waits until that was not too fast. False if it was told to stop,
  // or `go_on`, which is asked now and then meanwhile, says so.
  bool Read(uint64_t bytes, const std::function<bool()>& go_on) EXCLUDES(mu_);
  // Waits for so long, or until it is told to stop or interrupted.
  void Wait(std::chrono::milliseconds time) EXCLUDES(mu_);

  // From here on every Read is false, and no Wait waits.
  void Stop() EXCLUDES(mu_);
  bool stopped() EXCLUDES(mu_);
  // Ends a Wait that goes on; the next one of none is over at once.
  void Interrupt() EXCLUDES(mu_);

 private:
  const uint64_t bytes_per_second_;
  // Used by the scrubbing thread only: when what was read until now would have been read at the
  // rate.
  Clock::time_point due_ = Clock::now();

  Mutex mu_;
  CondVar changed_;
  bool stopped_ GUARDED_BY(mu_) = false;
  bool interrupted_ GUARDED_BY(mu_) = false;
};

}  // namespace flatkv
