#include "flatkv/store/poison.h"

#include <fmt/format.h>

namespace flatkv {

void Poison::Set(const Status& cause) {
  MutexLock lock(mu_);
  if (!cause_.ok()) {
    return;
  }
  cause_ = cause;
  is_set_.store(true, std::memory_order_release);
  logger_.Log(
      LogLevel::kError, "store.poisoned",
      fmt::format("{}: no further commits; reads go on; restart to recover", MessageOf(cause)));
}

Status Poison::Check() const {
  if (!IsSet()) {
    return OkStatus();
  }
  MutexLock lock(mu_);
  return WithReason(Unavailable(fmt::format(
                        "the store takes no commits after a failed write: {}; restart to recover",
                        MessageOf(cause_))),
                    Reason::kPoisoned);
}

}  // namespace flatkv
