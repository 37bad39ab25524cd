#include "tests/unit/store/outcome_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/store_layout.h"
#include "tests/support/tree_digest.h"
#include "tests/unit/store/store_admin_util.h"

namespace flatkv::test {
namespace {

std::string StoreDirectory() { return JoinPath(kHome, "flatkv"); }

template <typename Reader>
Status ComparePairs(Reader& reader, const ModelStore& model) {
  for (const std::string& module : HistoryModules()) {
    ASSIGN_OR_RETURN(const std::unique_ptr<StoreIterator> iterator,
                     reader.Iterate({.module = module}));
    std::map<std::string, std::string> pairs;
    for (; iterator->Valid(); iterator->Next()) {
      pairs.emplace(iterator->key(), iterator->value());
    }
    RETURN_IF_ERROR(iterator->status());
    if (pairs != model.Pairs(module)) {
      return DataLoss(fmt::format("the pairs of {} are not the reference's", module));
    }
  }
  return OkStatus();
}

// The one of `allowed` that the store is at.
StatusOr<const Outcome*> FindOutcome(Store& store, std::span<const Outcome> allowed) {
  const StoreInfo info = store.Info();
  std::vector<std::string> names;
  for (const Outcome& outcome : allowed) {
    names.push_back(
        fmt::format("{} ({} to {})", outcome.name, outcome.oldest_head, outcome.timeline->head()));
    if (info.version >= outcome.oldest_head && info.version <= outcome.timeline->head() &&
        info.root == outcome.timeline->root(info.version) &&
        (outcome.fits == nullptr || outcome.fits(store))) {
      return &outcome;
    }
  }
  const RetentionInfo retention = store.admin().Retention();
  return DataLoss(fmt::format(
      "the head is {} with root {}, snapshots {}, {} pins, {} in quarantine; allowed: {}",
      info.version, Hex(info.root), fmt::join(retention.snapshots, ", "), retention.pins.size(),
      retention.quarantine_entries, fmt::join(names, ", ")));
}

Status CheckState(Store& store, const Timeline& timeline) {
  const StoreInfo info = store.Info();
  if (info.poisoned || info.pending_version != 0) {
    return Internal(fmt::format("poisoned ({}) or pending", info.poison_reason));
  }
  RETURN_IF_ERROR(ComparePairs(store, timeline.model(info.version)));
  for (Version version = std::max<Version>(info.oldest_version, 1); version <= info.version;
       ++version) {
    ASSIGN_OR_RETURN(const Digest root, store.RootAt(version));
    if (root != timeline.root(version)) {
      return DataLoss(fmt::format("wrong recorded root at {}", version));
    }
  }
  if (store.RootAt(info.version + 1).ok()) {
    return DataLoss(fmt::format("version {} above the head has a root", info.version + 1));
  }
  return store.VerifyRows();
}

Status CheckRetention(Store& store, const Timeline& timeline) {
  const RetentionInfo retention = store.admin().Retention();
  const Version newest = retention.snapshots.empty() ? 0 : retention.snapshots.back();
  const Version head = store.Info().version;
  if (retention.current != newest || newest > head) {
    return DataLoss(fmt::format("current is {}, the snapshots are {}, the head is {}",
                                retention.current, fmt::join(retention.snapshots, ", "), head));
  }
  for (const Pin& pin : retention.pins) {
    if (!std::binary_search(retention.snapshots.begin(), retention.snapshots.end(), pin.version)) {
      return DataLoss(
          fmt::format("pin {} is of snapshot {}, which is not there", pin.id, pin.version));
    }
  }
  VerifyOptions everything;
  everything.depth = VerifyDepth::kFull;
  ASSIGN_OR_RETURN(const VerifyReport report, store.admin().Verify(everything, nullptr));
  if (!report.findings.empty()) {
    return DataLoss(fmt::format("verify: {}", fmt::join(report.findings, "; ")));
  }
  if (head == 0) {
    return OkStatus();
  }
  const Version oldest = retention.oldest_retained;
  for (const Version version : std::set<Version>{oldest, (oldest + head) / 2, head}) {
    ASSIGN_OR_RETURN(const std::shared_ptr<StoreView> view, store.ViewAt(version));
    if (view->root() != timeline.root(version)) {
      return DataLoss(fmt::format("the view at {} has a wrong root", version));
    }
    RETURN_IF_ERROR(
        Annotate(ComparePairs(*view, timeline.model(version)), fmt::format("view at {}", version)));
  }
  return OkStatus();
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the tree.
Status CheckNoLeftovers(FileSystem& disk, const std::string& directory) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, disk.List(directory));
  for (const std::string& name : names) {
    const std::string path = JoinPath(directory, name);
    if (name.ends_with(kTemporarySuffix) || name.ends_with(kRemovingSuffix) ||
        name == kIntentName || name == kReorgName) {
      return Internal(fmt::format("{} is left", path));
    }
    const StatusOr<FileInfo> info = disk.Stat(path);
    if (IsNotFound(info.status())) {
      continue;  // the store is open: LevelDB removes obsolete tables in the background
    }
    RETURN_IF_ERROR(info.status());
    if (info->type != FileType::kDirectory || name == kQuarantineName || name == kPinsName) {
      continue;  // an interrupted pin is invisible, and the next one removes it
    }
    RETURN_IF_ERROR(CheckNoLeftovers(disk, path));
    if (name == kScratchName) {
      ASSIGN_OR_RETURN(const std::vector<std::string> clones, disk.List(path));
      if (!clones.empty()) {
        return Internal(fmt::format("scratch/{} is left", clones.front()));
      }
    }
  }
  return OkStatus();
}

// The tree without the data DBs' own files, the place for scratch clones, and the key filter, which
// a close leaves only if it was complete by then.
std::string StillTree(FileSystem& disk) {
  const std::string text = TreeText(disk, StoreDirectory());
  std::string still;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at) + 1;
    const std::string line = text.substr(at, end - at);
    if (line.find(fmt::format("{}/", kWorkingName)) == std::string::npos &&
        line != fmt::format("dir {}\n", kScratchName) &&
        !line.starts_with(fmt::format("file {} ", kKeyFilterName))) {
      still += line;
    }
    at = end;
  }
  return still;
}

Status CheckNothingRecovered(const RecoveryInfo& recovery) {
  if (recovery.was_dirty || recovery.replayed_from != 0 || recovery.torn_bytes != 0 ||
      !recovery.finished_operation.empty() || !recovery.working_rebuilt.empty() ||
      recovery.adopted_snapshot != 0 || recovery.migrated || !recovery.set_aside.empty()) {
    return Internal(fmt::format(
        "a clean close left something to recover: dirty {}, replayed from {}, {} torn bytes, "
        "finished \"{}\", rebuilt \"{}\", adopted {}, migrated {}",
        recovery.was_dirty, recovery.replayed_from, recovery.torn_bytes,
        recovery.finished_operation, recovery.working_rebuilt, recovery.adopted_snapshot,
        recovery.migrated));
  }
  return OkStatus();
}

// Opens the closed store and closes it again.
Status CheckReopens(FileSystem& disk, const StoreOptions& options, const Timeline& timeline) {
  const std::string before = StillTree(disk);
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, OpenStore(disk, options));
  RETURN_IF_ERROR(CheckNothingRecovered(store->recovery()));
  if (store->Info().version != timeline.head()) {
    return DataLoss(
        fmt::format("stands at {} instead of {}", store->Info().version, timeline.head()));
  }
  RETURN_IF_ERROR(CheckState(*store, timeline));
  RETURN_IF_ERROR(store->Close());
  const std::string after = StillTree(disk);
  return after == before
             ? OkStatus()
             : Internal(fmt::format("opening changed the tree from\n{}\nto\n{}", before, after));
}

}  // namespace

Status CheckOutcome(FileSystem& disk, const StoreOptions& options, std::span<const Outcome> allowed,
                    OutcomeCheck check) {
  ASSIGN_OR_RETURN(std::unique_ptr<Store> store, OpenStore(disk, options));
  const RecoveryInfo& recovery = store->recovery();
  if (recovery.migrated) {
    WaitForSnapshots(*store, 1);  // the first one, which the migration asks for
  }
  ASSIGN_OR_RETURN(const Outcome* const outcome, FindOutcome(*store, allowed));
  // Finishing a rollback by replay removes working/ itself.
  const bool by_replay =
      !recovery.finished_operation.empty() && recovery.working_rebuilt.ends_with("is missing");
  if (!recovery.working_rebuilt.empty() && !by_replay && !check.may_rebuild_working) {
    return Internal(fmt::format("working/ was made anew: {}", recovery.working_rebuilt));
  }
  const Version head = store->Info().version;
  RETURN_IF_ERROR(CheckState(*store, *outcome->timeline));
  // Only now: what was replayed has been written, and the store adds nothing any more.
  RETURN_IF_ERROR(CheckNoLeftovers(disk, StoreDirectory()));
  if (!check.is_thorough) {
    return OkStatus();
  }
  RETURN_IF_ERROR(CheckRetention(*store, *outcome->timeline));
  Timeline next = outcome->timeline->UpTo(head);
  next.AppendFresh("after");
  ASSIGN_OR_RETURN(const CommitResult committed, CommitOwned(*store, next.block(next.head())));
  if (committed.root != next.root(next.head())) {
    return DataLoss(fmt::format("wrong root of the next version {}", next.head()));
  }
  RETURN_IF_ERROR(store->Close());
  store.reset();
  for (int again = 0; again < 2; ++again) {
    RETURN_IF_ERROR(Annotate(CheckReopens(disk, options, next), "opening again"));
  }
  return CheckNoLeftovers(disk, StoreDirectory());
}

}  // namespace flatkv::test
