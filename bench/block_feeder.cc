#include "bench/block_feeder.h"

#include <utility>

#include "flatkv/base/check.h"
#include "flatkv/base/cpu_clock.h"
#include "flatkv/base/thread_pool.h"

namespace flatkv::bench {
BlockFeeder::BlockFeeder(BlockSource& source, bool own_thread) : source_(source) {
  if (own_thread) {
    thread_.emplace([this] { Run(); });
  }
}

BlockFeeder::~BlockFeeder() {
  if (thread_.has_value()) {
    {
      MutexLock lock(mu_);
      stopping_ = true;
    }
    changed_.NotifyAll();
    thread_->join();
  }
}

StatusOr<bool> BlockFeeder::Make(Block* block) {
  const int64_t before = ThreadCpuNanoseconds();
  StatusOr<bool> made = source_.Next(block);
  cpu_nanoseconds_ += ThreadCpuNanoseconds() - before;
  return made;
}

void BlockFeeder::Run() {
  SetThreadName("bench-blocks");
  while (true) {
    {
      MutexLock lock(mu_);
      while (ready_ && !stopping_) {
        changed_.Wait(mu_);
      }
      if (stopping_) {
        return;
      }
    }
    made_ = Make(&ahead_);
    const bool last = !made_.ok() || !*made_;
    {
      MutexLock lock(mu_);
      ready_ = true;
    }
    changed_.NotifyAll();
    if (last) {
      return;
    }
  }
}

Status BlockFeeder::MakeAhead(uint64_t count) {
  FLATKV_CHECK(!thread_.has_value());
  for (uint64_t i = 0; i < count; ++i) {
    Block block;
    ASSIGN_OR_RETURN(const bool made, Make(&block));
    if (!made) {
      break;
    }
    made_ahead_.push_back(std::move(block));
  }
  return OkStatus();
}

StatusOr<bool> BlockFeeder::Next(Block* block) {
  if (handed_out_ < made_ahead_.size()) {
    std::swap(*block, made_ahead_[handed_out_++]);
    return true;
  }
  if (!thread_.has_value()) {
    return Make(block);
  }
  {
    MutexLock lock(mu_);
    while (!ready_) {
      changed_.Wait(mu_);
    }
  }
  if (!made_.ok() || !*made_) {
    return made_;  // stays ready: every further call gets the same answer
  }
  std::swap(*block, ahead_);
  {
    MutexLock lock(mu_);
    ready_ = false;
  }
  changed_.NotifyAll();
  return true;
}

}  // namespace flatkv::bench
