// What stands beside the store in its home: stores that were replaced, and stores that are being
// made.
#include <fmt/format.h>

#include "flatkv/fs/path.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/snapshot/store_swap.h"
#include "flatkv/store/store_impl.h"

namespace flatkv {
namespace {

QuarantineEntry EntryOf(const StagedStore& staged) {
  QuarantineEntry entry;
  entry.name = staged.name;
  entry.item = kStoreName;
  entry.reason =
      staged.swap.has_value()
          ? fmt::format("{} of version {} that is not in place: run it again, or remove this",
                        staged.swap->operation, staged.swap->version)
          : "an import or another operation that is not done: run it again, or remove this";
  entry.bytes = staged.bytes;
  return entry;
}

}  // namespace

// REQUIRES: LOCK is held, so that nobody swaps meanwhile.
Status StoreImpl::FinishInterruptedSwaps() {
  ASSIGN_OR_RETURN(const SwapRecovery recovery,
                   FinishSwaps(fs_, ParentPath(directory_), UnixSecondsNow()));
  for (const std::string& finished : recovery.finished) {
    recovery_.finished_operation = finished;
    logger_.Log(LogLevel::kWarning, "recovery.swap",
                fmt::format("finished an interrupted {}", finished));
  }
  for (const StagedStore& staged : recovery.unfinished) {
    logger_.Log(LogLevel::kWarning, "recovery.staging",
                fmt::format("{}: {}; flatkv quarantine rm {} removes it", staged.path,
                            EntryOf(staged).reason, staged.name));
  }
  return OkStatus();
}

StatusOr<std::vector<QuarantineEntry>> StoreImpl::ListHomeQuarantine() {
  const std::string home(ParentPath(directory_));
  ASSIGN_OR_RETURN(std::vector<QuarantineEntry> entries, Quarantine(fs_, home).List());
  ASSIGN_OR_RETURN(const std::vector<StagedStore> staged, ListStaged(fs_, home));
  for (const StagedStore& store : staged) {
    entries.push_back(EntryOf(store));
  }
  return entries;
}

Status StoreImpl::RemoveHomeQuarantine(const std::string& name) {
  const std::string home(ParentPath(directory_));
  return ParseStagingName(name).has_value() ? RemoveStaged(fs_, home, name)
                                            : Quarantine(fs_, home).Remove(name);
}

}  // namespace flatkv
