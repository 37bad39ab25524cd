#include "flatkv/store/view_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "flatkv/base/thread_pool.h"

namespace flatkv {

ViewCache::ViewCache(const ViewOptions& options) : options_(options) {}

ViewCache::~ViewCache() {
  std::thread closer;
  {
    MutexLock lock(mu_);
    stopping_ = true;
    closer = std::move(closer_);
  }
  wake_.NotifyAll();
  if (closer.joinable()) {
    closer.join();
  }
  EndAll(WithReason(Unavailable("the store is closed"), Reason::kClosed));
}

std::shared_ptr<View> ViewCache::Find(Version version) {
  MutexLock lock(mu_);
  const auto it = views_.find(version);
  if (it == views_.end()) {
    return nullptr;
  }
  it->second.used = Clock::now();
  return it->second.view;
}

StatusOr<std::shared_ptr<View>> ViewCache::Get(Version version, const Build& build) {
  if (std::shared_ptr<View> open = Find(version); open != nullptr) {
    return open;
  }
  MutexLock build_lock(build_mu_);
  if (std::shared_ptr<View> open = Find(version); open != nullptr) {
    return open;
  }
  RETURN_IF_ERROR(MakeRoom());
  ASSIGN_OR_RETURN(std::shared_ptr<View> view, build());
  MutexLock lock(mu_);
  views_[version] = {view, Clock::now()};
  if (!closer_.joinable() && !stopping_) {
    closer_ = std::thread([this] {
      SetThreadName("fkv-views");
      CloseIdle();
    });
  }
  return view;
}

Status ViewCache::MakeRoom() {
  std::shared_ptr<View> oldest;  // closed after the lock is released
  MutexLock lock(mu_);
  if (views_.size() < options_.open_max) {
    return OkStatus();
  }
  auto candidate = views_.end();
  for (auto it = views_.begin(); it != views_.end(); ++it) {
    if (IsIdle(it->second) &&
        (candidate == views_.end() || it->second.used < candidate->second.used)) {
      candidate = it;
    }
  }
  if (candidate == views_.end()) {
    return ResourceExhausted(
        fmt::format("{} views are in use, and [views] max-open allows no more: try again later",
                    views_.size()));
  }
  oldest = std::move(candidate->second.view);
  views_.erase(candidate);
  return OkStatus();
}

void ViewCache::CloseIdle() {
  const auto interval = std::clamp(options_.idle_max / 4, std::chrono::milliseconds(10),
                                   std::chrono::milliseconds(5'000));
  while (true) {
    std::vector<std::shared_ptr<View>> closing;  // closed after the lock is released
    MutexLock lock(mu_);
    if (!stopping_) {  // else the wake-up came before the wait
      wake_.WaitFor(mu_, interval);
    }
    if (stopping_) {
      return;
    }
    const Clock::time_point before = Clock::now() - options_.idle_max;
    for (auto it = views_.begin(); it != views_.end();) {
      if (IsIdle(it->second) && it->second.used < before) {
        closing.push_back(std::move(it->second.view));
        it = views_.erase(it);
      } else {
        ++it;
      }
    }
  }
}

uint64_t ViewCache::MemoryLeft() {
  MutexLock lock(mu_);
  uint64_t used = 0;
  for (const auto& [version, entry] : views_) {
    used += entry.view->memory_bytes();
  }
  return used < options_.memory_bytes_max ? options_.memory_bytes_max - used : 0;
}

void ViewCache::EndForRollback(Version version, const Status& why) {
  MutexLock lock(mu_);
  for (auto it = views_.begin(); it != views_.end();) {
    if (it->first > version || !it->second.view->is_clone()) {
      it->second.view->End(why);
      it = views_.erase(it);
    } else {
      ++it;
    }
  }
}

void ViewCache::EndAll(const Status& why) {
  MutexLock lock(mu_);
  for (const auto& [version, entry] : views_) {
    entry.view->End(why);
  }
  views_.clear();
}

uint64_t ViewCache::open_views() {
  MutexLock lock(mu_);
  return views_.size();
}

}  // namespace flatkv
