#include "flatkv/store/scrub_pace.h"

#include <algorithm>

namespace flatkv {
namespace {

// How soon somebody who waits for the scrub to let go of something is noticed.
constexpr std::chrono::milliseconds kLook{50};
// Time in which nothing was read cannot be made up for by a burst longer than this.
constexpr std::chrono::milliseconds kBurst{200};

}  // namespace

bool ScrubPace::Read(uint64_t bytes, const std::function<bool()>& go_on) {
  if (bytes_per_second_ != 0) {
    const Clock::time_point now = Clock::now();
    const std::chrono::duration<double> cost(static_cast<double>(bytes) /
                                             static_cast<double>(bytes_per_second_));
    due_ = std::max(due_, now - kBurst) + std::chrono::duration_cast<Clock::duration>(cost);
  }
  while (!stopped()) {
    if (!go_on()) {
      return false;
    }
    const auto early = std::chrono::ceil<std::chrono::milliseconds>(due_ - Clock::now());
    if (bytes_per_second_ == 0 || early.count() <= 0) {
      return true;
    }
    MutexLock lock(mu_);
    if (!stopped_) {
      changed_.WaitFor(mu_, std::min(early, kLook));
    }
  }
  return false;
}

void ScrubPace::Wait(std::chrono::milliseconds time) {
  const Clock::time_point until = Clock::now() + time;
  MutexLock lock(mu_);
  while (!stopped_ && !interrupted_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    if (left.count() <= 0) {
      break;
    }
    changed_.WaitFor(mu_, left);
  }
  interrupted_ = false;
}

void ScrubPace::Stop() {
  {
    MutexLock lock(mu_);
    stopped_ = true;
  }
  changed_.NotifyAll();
}

bool ScrubPace::stopped() {
  MutexLock lock(mu_);
  return stopped_;
}

void ScrubPace::Interrupt() {
  {
    MutexLock lock(mu_);
    interrupted_ = true;
  }
  changed_.NotifyAll();
}

}  // namespace flatkv
