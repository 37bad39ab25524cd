// A store that was made beside the one of a home takes its place.
//
//   <home>/flatkv                     the store
//   <home>/staging-<operation id>/    where an operation makes a whole store:
//     LOCK                            held by the operation for as long as it works here
//     SWAP                            what takes the place of what, once the staged store is whole
//     flatkv/                         the staged store
//   <home>/quarantine/                the stores that were replaced (flatkv/snapshot/quarantine.h)
//
// The one atomic step is a rename of the staged store to <home>/flatkv or, if there is a store, an
// exchange of the two: at every moment <home>/flatkv is the old store or the new one, whole. The
// old one is then set aside and never removed. docs/durability.md, "Swap", has the steps.
//
// Thread safety: none. REQUIRES of all that changes something: the caller holds LOCK of the store
// in the home, if there is one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/fs/file_system.h"

namespace flatkv {

// The file SWAP in a staging directory, a text record.
struct SwapRecord {
  std::string operation;      // "import", "restore", "compact"
  std::string operation_id;   // 32 hex digits; names the staging directory
  std::string reason;         // why the old store goes, for its quarantine entry; any text
  std::string from_store_id;  // of the store that goes; empty: there is none, or it says no id
  std::string to_store_id;    // of the staged store
  Version version = 0;        // of the staged store
  Digest root{};

  bool operator==(const SwapRecord&) const = default;
};
std::string EncodeSwapRecord(const SwapRecord& record);
// Errors: kDataLoss with Reason::kSnapshotCorrupt; kFailedPrecondition with
// Reason::kIncompatibleFormat.
StatusOr<SwapRecord> DecodeSwapRecord(std::string_view text, std::string_view path);

// "<home>/staging-<operation id>", and the store in it.
std::string StagingPath(std::string_view home, std::string_view operation_id);
std::string StagedStorePath(std::string_view home, std::string_view operation_id);
// The operation id in the name of a staging directory; nullopt for every other name.
std::optional<std::string> ParseStagingName(std::string_view name);

// The store id that the IDENTITY in a store directory says, whatever else is wrong with it; empty
// if there is no such file or no id in it.
StatusOr<std::string> StoreIdAt(FileSystem& fs, const std::string& store_directory);

// Puts <home>/staging-<operation id>/flatkv in the place of <home>/flatkv, and sets the old store
// aside in <home>/quarantine; returns the entry's name, empty if there was no store. Afterwards the
// staging directory is gone. REQUIRES: the staged store is complete and synced, its LOCK is held
// too. Errors: kFailedPrecondition, and nothing has changed, if either store is not the one that
// `record` names or the staged one has the other's id; others may come after the swap, and
// FinishSwaps then does the rest.
StatusOr<std::string> SwapStores(FileSystem& fs, const std::string& home, const SwapRecord& record,
                                 uint64_t now_unix_seconds);

// A staging directory whose store is not in place: an operation that was interrupted, or runs.
struct StagedStore {
  std::string name;  // "staging-<operation id>"
  std::string path;
  // Set once the staged store was whole: only the swap was left.
  std::optional<SwapRecord> swap;
  uint64_t bytes = 0;  // of its files
};

struct SwapRecovery {
  // "import to version 42: the store replaced is quarantine/<entry>", one each that was finished.
  std::vector<std::string> finished;
  // Left as they are.
  std::vector<StagedStore> unfinished;
};
// What the open of a store does: finishes the swaps that have happened, and reports staging
// directories that are not done. Errors: kDataLoss for a SWAP that cannot be read.
StatusOr<SwapRecovery> FinishSwaps(FileSystem& fs, const std::string& home,
                                   uint64_t now_unix_seconds);

// By name. Reads only.
StatusOr<std::vector<StagedStore>> ListStaged(FileSystem& fs, const std::string& home);
// Removes an unfinished staging directory. Errors: kNotFound; kInvalidArgument for what is no such
// name; kFailedPrecondition with Reason::kLocked while its operation runs.
Status RemoveStaged(FileSystem& fs, const std::string& home, const std::string& name);

}  // namespace flatkv
