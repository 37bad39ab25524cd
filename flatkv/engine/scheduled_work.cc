#include "flatkv/engine/scheduled_work.h"

#include <utility>

namespace flatkv {
namespace {

// Not a flag: tasks of one thread may take turns in their reads (flatkv/fs/overlapped_reads.h).
thread_local int reads = 0;

}  // namespace

ScheduledWork::Reading::Reading() { ++reads; }
ScheduledWork::Reading::~Reading() { --reads; }

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

void ScheduledWork::Schedule(Kind kind, void (*function)(void*), void* argument) {
  const Work work{function, argument};
  {
    MutexLock lock(mu_);
    const bool held = held_rotations_ > 0 && kind == Kind::kCompaction;
    if ((reads > 0 || held) && passes_ == 0) {
      kept_back_.push_back(work);
      return;
    }
  }
  Start(kind, work);
}

void ScheduledWork::Rotated() {
  {
    MutexLock lock(mu_);
    if (held_rotations_ > 0 && held_rotations_ != kUntilReleased) {
      --held_rotations_;
    }
  }
  for (const Work& work : TakeKeptBack()) {
    Start(Kind::kFlush, work);
  }
  MutexLock lock(started_->mu);
  for (const auto& [number, work] : started_->waiting) {
    Hand(Kind::kFlush, number);
  }
}

void ScheduledWork::Hold(uint64_t rotations) {
  if (rotations == 0) {
    Release();
    return;
  }
  MutexLock lock(mu_);
  held_rotations_ = rotations;
}

void ScheduledWork::Release() {
  {
    MutexLock lock(mu_);
    held_rotations_ = 0;
  }
  for (const Work& work : TakeKeptBack()) {
    Start(Kind::kCompaction, work);
  }
}

std::vector<ScheduledWork::Work> ScheduledWork::TakeKeptBack() {
  MutexLock lock(mu_);
  return std::exchange(kept_back_, {});
}

bool ScheduledWork::Idle() const { return started_->unfinished == 0; }

void ScheduledWork::Start(Kind kind, const Work& work) {
  ++started_->unfinished;
  uint64_t number = 0;
  {
    MutexLock lock(started_->mu);
    number = started_->next++;
    started_->waiting.emplace(number, work);
  }
  Hand(kind, number);
}

void ScheduledWork::Hand(Kind kind, uint64_t number) {
  threads_.Schedule(kind, [number, started = started_] {
    Work work;
    {
      MutexLock lock(started->mu);
      const auto it = started->waiting.find(number);
      if (it == started->waiting.end()) {
        return;
      }
      work = it->second;
      started->waiting.erase(it);
    }
    work.function(work.argument);
    --started->unfinished;
  });
}

}  // namespace flatkv
