// The CORRUPT state: bytes of the store are damaged, and were seen to be. Unlike poison it outlives
// a restart (the scrub record has it), and it ends: when what was damaged was made anew, or a whole
// scrub finds nothing.
//
// Thread safety: safe for concurrent use.
#pragma once

#include <atomic>
#include <string>

#include "flatkv/base/logger.h"
#include "flatkv/base/mutex.h"
#include "flatkv/base/status.h"

namespace flatkv {

class Corruption {
 public:
  Corruption(Logger& logger, bool refuses_reads) : logger_(logger), refuses_reads_(refuses_reads) {}

  // Enters the state, and reports it; the first finding stays.
  void Set(const std::string& finding) EXCLUDES(mu_);
  void Clear() EXCLUDES(mu_);
  bool IsSet() const { return is_set_.load(std::memory_order_acquire); }
  // OK, or kDataLoss with Reason::kDataDbCorrupt, the finding and the way out.
  Status Check() const EXCLUDES(mu_);
  // The same for a read: OK if reads go on.
  Status CheckRead() const EXCLUDES(mu_) { return refuses_reads_ ? Check() : OkStatus(); }

 private:
  Logger& logger_;
  const bool refuses_reads_;
  std::atomic<bool> is_set_{false};
  mutable Mutex mu_;
  std::string finding_ GUARDED_BY(mu_);
};

}  // namespace flatkv
