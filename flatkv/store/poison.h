// The first failure that ends a store's writing life. Never cleared: reopening recovers
// (docs/durability.md, "Poison"). Thread safety: safe for concurrent use.
#pragma once

#include <atomic>

#include "flatkv/base/logger.h"
#include "flatkv/base/mutex.h"
#include "flatkv/base/status.h"

namespace flatkv {

class Poison {
 public:
  explicit Poison(Logger& logger) : logger_(logger) {}

  // Records `cause` unless there is one already, and reports it. REQUIRES: !cause.ok().
  void Set(const Status& cause) EXCLUDES(mu_);
  bool IsSet() const { return is_set_.load(std::memory_order_acquire); }
  // OK, or kUnavailable with Reason::kPoisoned and the cause.
  Status Check() const EXCLUDES(mu_);

 private:
  Logger& logger_;
  std::atomic<bool> is_set_{false};
  mutable Mutex mu_;
  Status cause_ GUARDED_BY(mu_);
};

}  // namespace flatkv
