// Compaction in place, beside commits and reads.
#include <fmt/format.h>

#include <chrono>

#include "flatkv/store/store_impl.h"

namespace flatkv {
namespace {

// One at a time: two would only rewrite each other's tables.
class CompactionSlot {
 public:
  explicit CompactionSlot(std::atomic<bool>& busy) : busy_(busy), taken_(!busy.exchange(true)) {}
  ~CompactionSlot() {
    if (taken_) {
      busy_ = false;
    }
  }
  CompactionSlot(const CompactionSlot&) = delete;
  CompactionSlot& operator=(const CompactionSlot&) = delete;
  bool taken() const { return taken_; }

 private:
  std::atomic<bool>& busy_;
  const bool taken_;
};

}  // namespace

StatusOr<CompactReport> StoreImpl::Compact(const OnCompactProgress& on_progress) {
  const CompactionSlot slot(compacting_);
  if (!slot.taken()) {
    return WithReason(Unavailable("another compaction is in progress"),
                      Reason::kOperationInProgress);
  }
  const auto start = std::chrono::steady_clock::now();
  // What is open stays open: a rollback or a close that waits for it stops this at the next step.
  ReaderLock open_lock(open_mu_);
  RETURN_IF_ERROR(CheckReadable());
  RETURN_IF_ERROR(CheckWritable());
  CompactReport report;
  uint64_t total = 0;
  for (const DataDb db : kAllDataDbs) {
    report.dbs[IndexOf(db)].bytes_before = (*open_->dbs)[db].Stats().bytes_on_disk;
    total += report.dbs[IndexOf(db)].bytes_before;
  }
  // Snapshots may hold on to every old table.
  ASSIGN_OR_RETURN(const uint64_t free, fs_.FreeBytes(directory_));
  if (free < total) {
    return ResourceExhausted(fmt::format(
        "{}: a compaction may need {} bytes while snapshots keep the old tables, and {} are free; "
        "nothing was done",
        directory_, total, free));
  }
  for (const DataDb db : kAllDataDbs) {
    const Status compacted = (*open_->dbs)[db].Compact([&](uint64_t done, uint64_t steps) {
      return !closing_ && !rolling_back_ &&
             (on_progress == nullptr || on_progress({std::string(NameOf(db)), done, steps}));
    });
    if ((closing_ || rolling_back_) && compacted.code() == StatusCode::kCancelled) {
      return WithReason(Aborted("a rollback or the close of the store came between; what was "
                                "compacted stays so"),
                        Reason::kRolledBack);
    }
    RETURN_IF_ERROR(Annotate(compacted, fmt::format("data DB {}", NameOf(db))));
    report.dbs[IndexOf(db)].bytes_after = (*open_->dbs)[db].Stats().bytes_on_disk;
  }
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace flatkv
