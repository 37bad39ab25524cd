// Names in a store directory. docs/format.md, "Store directory", has the tree.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "flatkv/base/types.h"

namespace flatkv {

inline constexpr char kLockName[] = "LOCK";
inline constexpr char kIdentityName[] = "IDENTITY";
inline constexpr char kDirtyName[] = "DIRTY";      // from the open on to a clean close
inline constexpr char kIntentName[] = "INTENT";    // a multi-step operation in progress
inline constexpr char kCurrentName[] = "current";  // symlink to the snapshot to start from
inline constexpr char kWorkingName[] = "working";
inline constexpr char kChangelogName[] = "changelog";
inline constexpr char kUndoName[] = "undo";
inline constexpr char kReorgName[] = "reorg";  // the new versions of a reorg in progress
inline constexpr char kPinsName[] = "pins";
// The key filter as of a snapshot or a clean close; only saves work.
inline constexpr char kKeyFilterName[] = "filter";
inline constexpr char kQuarantineName[] = "quarantine";
// Clones for views, validation and verification; emptied at open and at a clean close.
inline constexpr char kScratchName[] = "scratch";
// In working/: which snapshot it was cloned from.
inline constexpr char kSnapshotBaseName[] = "SNAPSHOT_BASE";
// In a snapshot: its manifest.
inline constexpr char kSnapshotManifestName[] = "SNAPSHOT";
// In a home: the store directory, and where an operation makes another one to take its place.
inline constexpr char kStoreName[] = "flatkv";
inline constexpr std::string_view kStagingPrefix = "staging-";
// In a staging directory: what takes the place of what.
inline constexpr char kSwapName[] = "SWAP";
// Suffixes of what an interrupted step leaves; removed at open.
inline constexpr std::string_view kTemporarySuffix = "-tmp";
inline constexpr std::string_view kRemovingSuffix = "-removing";

// "snapshot-" and 20 digits.
std::string SnapshotName(Version version);
// nullopt for every other name, "-tmp" and "-removing" ones included.
std::optional<Version> ParseSnapshotName(std::string_view name);

}  // namespace flatkv
