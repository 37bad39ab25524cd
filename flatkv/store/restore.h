// Restore: a store out of a backup, or out of one of a store's own snapshots. The store that was
// there is set aside whole, never removed. docs/durability.md, "Restore", has the steps.
//
// Works on files, without an open store. Thread safety: the functions share nothing; the store's
// lock keeps two of them out of one home.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/base/logger.h"
#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/fs/file_system.h"

namespace flatkv {

struct RestoreRequest {
  // The home whose store is replaced; with `to` it is left alone.
  std::string home;
  // A home without a store, which gets one; empty: none.
  std::string to;
  // A backup directory; empty: the snapshots of the store in `home`.
  std::string from;
  // The snapshot; unset: the newest in `from`, or the pinned one.
  std::optional<Version> version;
  // Instead of a version: the snapshot that this pin of the store in `home` keeps.
  std::string pin_id;
  // The id of the store in `home`, to replace it by what is of another store.
  std::string replaces;
  // What the home is configured for; unset: anything.
  std::optional<Suite> suite;
  std::optional<Version> initial_version;
};

struct RestorePlan {
  std::string source;  // the snapshot's directory
  std::string source_store_id;
  Suite suite = Suite::kSha256;
  Version initial_version = 1;
  Version version = 0;  // the head afterwards
  Digest root{};
  uint64_t files = 0;
  uint64_t bytes = 0;
  bool links_tables = false;      // instead of copying them
  std::string home;               // which gets the store
  bool replaces = false;          // there is one
  std::string replaced_store_id;  // its id; empty if it says none
  // One line a step, in order, as the operator reads it.
  std::vector<std::string> steps;
};

struct RestoreReport {
  RestorePlan plan;
  std::string store_id;          // of the new store
  std::string quarantine_entry;  // of the old one; empty: there was none
  double seconds = 0;
};

// What Restore will do; changes nothing. Errors: kInvalidArgument for a request that contradicts
// itself; kNotFound if there is no such backup, pin, store or snapshot (Reason::kSnapshotMissing);
// kInvalidArgument if `to` has a store; kFailedPrecondition with both values for another store
// (Reason::kIncompatibleFormat), suite (kSuiteMismatch) or format, and, naming the process, while
// the store of `home` is open and needed (kLocked); kResourceExhausted for too little space;
// kDataLoss for a manifest or a record that is damaged.
StatusOr<RestorePlan> PlanRestore(FileSystem& fs, const RestoreRequest& request);

// What is being done, and done of total; false ends the work with kCancelled.
using OnRestore = std::function<bool(std::string_view phase, uint64_t done, uint64_t total)>;

// Builds the new store beside, checks every byte and every row of it, and only then puts it in its
// place. An error before that leaves the home as it was. Errors: as above; kDataLoss naming the
// damaged file.
StatusOr<RestoreReport> Restore(FileSystem& fs, Logger& logger, const RestoreRequest& request,
                                const OnRestore& on_restore);

}  // namespace flatkv
