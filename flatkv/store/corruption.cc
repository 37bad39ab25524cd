#include "flatkv/store/corruption.h"

#include <fmt/format.h>

namespace flatkv {

void Corruption::Set(const std::string& finding) {
  MutexLock lock(mu_);
  if (!finding_.empty()) {
    return;
  }
  finding_ = finding;
  is_set_.store(true, std::memory_order_release);
  logger_.Log(LogLevel::kError, "store.corrupt",
              fmt::format("{}: no further commits; reads {}; flatkv scrub status shows what is "
                          "damaged",
                          finding, refuses_reads_ ? "are refused" : "go on"));
}

void Corruption::Clear() {
  MutexLock lock(mu_);
  if (finding_.empty()) {
    return;
  }
  finding_.clear();
  is_set_.store(false, std::memory_order_release);
  logger_.Log(LogLevel::kWarning, "store.sound_again", "a whole scrub found nothing damaged");
}

Status Corruption::Check() const {
  if (!IsSet()) {
    return OkStatus();
  }
  MutexLock lock(mu_);
  return WithReason(
      DataLoss(fmt::format(
          "the store is CORRUPT and takes no commits: {}; stop the daemon, then rebuild the data "
          "DBs with flatkv recover --select VERSION --home HOME, or flatkv restore",
          finding_)),
      Reason::kDataDbCorrupt);
}

}  // namespace flatkv
