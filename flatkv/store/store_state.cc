// What is asked of whole states (StateReader).
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "flatkv/store/state_diff.h"
#include "flatkv/store/state_size.h"
#include "flatkv/store/store_impl.h"
#include "flatkv/store/sums_of.h"
#include "flatkv/store/view_side.h"

namespace flatkv {
namespace {

// Versions of the hash log that are read while a rollback waits.
constexpr Version kHashLogChunk = 512;

// Of a comparison: the machine has other work.
constexpr size_t kDigestThreadsMax = 4;

void AddModules(const StoreState& state, std::string_view wanted, std::set<std::string>* modules) {
  for (const DbState& db : state) {
    for (const auto& [name, module] : db.modules) {
      if (wanted.empty() || name == wanted) {
        modules->insert(name);
      }
    }
  }
}

}  // namespace

// The write-behind adds the records: those of the last commits may be on their way. Where it failed
// there are no more to wait for.
void StoreImpl::AwaitHashLog() { open_->write_behind->WaitWritten(HeadVersion()).IgnoreError(); }

StatusOr<VersionRanges> StoreImpl::Ranges() {
  ReaderLock open_lock(open_mu_);
  RETURN_IF_ERROR(CheckReadable());
  AwaitHashLog();
  VersionRanges ranges;
  ranges.suite = identity_.suite;
  ranges.store_id = identity_.store_id;
  ASSIGN_OR_RETURN(ranges.oldest_retained, OldestRetained());
  ranges.head = HeadVersion();
  ranges.hash_log_first = open_->hash_log->first();
  ranges.hash_log_last = std::min(open_->hash_log->last(), ranges.head);
  return ranges;
}

StatusOr<std::unique_ptr<CompareSide>> StoreImpl::SideAt(Version version, const GoOn& go_on) {
  ASSIGN_OR_RETURN(std::shared_ptr<View> view, OpenView(version));
  return NewViewSide(std::move(view), *hasher_,
                     {.suite = identity_.suite,
                      .store_id = identity_.store_id,
                      .threads = std::min(options_.threads, kDigestThreadsMax),
                      .go_on = go_on});
}

Status StoreImpl::CheckHashLogRange(Version first, Version last) const {
  const Version oldest = open_->hash_log->first();
  const Version newest = open_->hash_log->last();
  if (oldest == 0) {
    return WithReason(OutOfRange(options_.hash_log_versions == 0
                                     ? "the hash log is off: [hashlog] versions = 0"
                                     : "the hash log has no version yet: each commit adds one"),
                      Reason::kVersionPruned);
  }
  if (first > last) {
    return InvalidArgument(fmt::format("versions {} to {} are no range", first, last));
  }
  if (first < oldest || last > newest) {
    return WithReason(
        OutOfRange(fmt::format("versions {} to {} are asked of the hash log, which has {} to {}",
                               first, last, oldest, newest)),
        first < oldest ? Reason::kVersionPruned : Reason::kVersionAboveHead);
  }
  return OkStatus();
}

Status StoreImpl::ReadHashLog(Version first, Version last,
                              const std::function<Status(const VersionSums&)>& use) {
  std::vector<VersionSums> chunk;
  for (Version next = first; next == first || next <= last; next += kHashLogChunk) {
    chunk.clear();
    {
      ReaderLock open_lock(open_mu_);
      RETURN_IF_ERROR(CheckReadable());
      AwaitHashLog();
      RETURN_IF_ERROR(CheckHashLogRange(next, last));
      RETURN_IF_ERROR(open_->hash_log->Read(next, std::min(last, next + kHashLogChunk - 1),
                                            [&](const VersionSums& sums) {
                                              chunk.push_back(sums);
                                              return OkStatus();
                                            }));
    }
    for (const VersionSums& sums : chunk) {
      RETURN_IF_ERROR(use(sums));
    }
  }
  return OkStatus();
}

StatusOr<std::optional<ChangedKeys>> StoreImpl::ChangedKeysOf(const DiffOptions& options,
                                                              const GoOn& go_on) {
  const auto [low, high] = std::minmax(options.from, options.to);
  std::unique_ptr<WalReader> reader;
  {
    ReaderLock open_lock(open_mu_);
    RETURN_IF_ERROR(CheckReadable());
    if (low + 1 < open_->wal->first_version()) {
      return std::optional<ChangedKeys>();
    }
    ASSIGN_OR_RETURN(reader, open_->wal->NewReader(low + 1, high));
  }
  StatusOr<std::optional<ChangedKeys>> keys =
      CollectChangedKeys(*reader, options.module, options.key_bytes_max, go_on);
  if (keys.status().code() == StatusCode::kOutOfRange) {
    return std::optional<ChangedKeys>();  // pruned meanwhile
  }
  return keys;
}

StatusOr<DiffMethod> StoreImpl::Diff(const DiffOptions& options, const OnKeyChange& use,
                                     const GoOn& go_on) {
  if (options.from == options.to) {
    return InvalidArgument(fmt::format("version {} does not differ from itself", options.from));
  }
  if (!options.module.empty()) {
    RETURN_IF_ERROR(ValidateModule(options.module));
  }
  // Both views first: what they pin stays, and a version that is not there is said at once.
  ASSIGN_OR_RETURN(const std::shared_ptr<View> before, OpenView(options.from));
  ASSIGN_OR_RETURN(const std::shared_ptr<View> after, OpenView(options.to));
  ASSIGN_OR_RETURN(const std::optional<ChangedKeys> keys, ChangedKeysOf(options, go_on));
  if (keys.has_value()) {
    RETURN_IF_ERROR(DiffByKeys(*before, *after, *keys, use, go_on));
    return DiffMethod::kChangelog;
  }
  std::set<std::string> modules;
  AddModules(before->state(), options.module, &modules);
  AddModules(after->state(), options.module, &modules);
  RETURN_IF_ERROR(DiffByWalk(*before, *after, modules, use, go_on));
  return DiffMethod::kWalk;
}

StatusOr<StateSizes> StoreImpl::Sizes(const SizeOptions& options, const GoOn& go_on) {
  const Version version = options.version == 0 ? HeadVersion() : options.version;
  ASSIGN_OR_RETURN(const std::shared_ptr<View> view, OpenView(version));
  StateSizes sizes;
  sizes.version = view->version();
  sizes.root = view->root();
  sizes.sums = SumsOf(view->state(), *hasher_);
  if (options.top_contracts != 0) {
    ASSIGN_OR_RETURN(sizes.contracts, LargestContracts(*view, options.top_contracts, go_on));
  }
  return sizes;
}

}  // namespace flatkv
