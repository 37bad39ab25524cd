#include "flatkv/engine/scheduled_work.h"

#include <utility>

namespace flatkv {
namespace {

thread_local bool in_read = false;

}  // namespace

ScheduledWork::Reading::Reading() { in_read = true; }
ScheduledWork::Reading::~Reading() { in_read = false; }

ScheduledWork::Pass::Pass(ScheduledWork& work) : work_(work) {
  {
    MutexLock lock(work_.mu_);
    ++work_.passes_;
  }
  work_.Release();
}

ScheduledWork::Pass::~Pass() {
  MutexLock lock(work_.mu_);
  --work_.passes_;
}

void ScheduledWork::Schedule(void (*function)(void*), void* argument) {
  const Work work{function, argument};
  if (in_read) {
    MutexLock lock(mu_);
    if (passes_ == 0) {
      kept_back_.push_back(work);
      return;
    }
  }
  Start(work);
}

void ScheduledWork::Release() {
  std::vector<Work> released;
  {
    MutexLock lock(mu_);
    released.swap(kept_back_);
  }
  for (const Work& work : released) {
    Start(work);
  }
}

bool ScheduledWork::Idle() const { return *running_ == 0; }

void ScheduledWork::Start(const Work& work) {
  ++*running_;
  threads_.Schedule([work, running = running_] {
    work.function(work.argument);
    --*running;
  });
}

}  // namespace flatkv
