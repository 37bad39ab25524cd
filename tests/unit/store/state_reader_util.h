// What the tests of hash log, comparison and differences share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "flatkv/store/state_reader.h"
#include "tests/unit/store/history.h"

namespace flatkv::test {

// The hash log's versions `first` .. `last`.
inline StatusOr<std::vector<VersionSums>> HashLogOf(Store& store, Version first, Version last) {
  std::vector<VersionSums> all;
  RETURN_IF_ERROR(store.state_reader().ReadHashLog(first, last, [&](const VersionSums& sums) {
    all.push_back(sums);
    return OkStatus();
  }));
  return all;
}

// The sums of the state at a version, from a view of it.
inline StatusOr<SideState> StateOf(Store& store, Version version) {
  ASSIGN_OR_RETURN(const std::unique_ptr<CompareSide> side,
                   store.state_reader().SideAt(version, nullptr));
  return side->State();
}

// What the hash log has must be what the versions are; unless `all_known`, of some only the root
// may be known.
inline Status CheckHashLog(Store& store, const History& history, bool all_known) {
  ASSIGN_OR_RETURN(const VersionRanges ranges, store.state_reader().Ranges());
  if (ranges.hash_log_first == 0) {
    return OkStatus();
  }
  ASSIGN_OR_RETURN(const std::vector<VersionSums> log,
                   HashLogOf(store, ranges.hash_log_first, ranges.hash_log_last));
  Version expected = ranges.hash_log_first;
  for (const VersionSums& sums : log) {
    if (sums.version != expected++) {
      return Internal("the hash log skips a version");
    }
    if (sums.root != history.root(sums.version)) {
      return Internal("the hash log has a wrong root for version " + std::to_string(sums.version));
    }
    if (!sums.has_sums) {
      if (all_known) {
        return Internal("only the root of version " + std::to_string(sums.version) + " is known");
      }
      continue;
    }
    ASSIGN_OR_RETURN(const SideState state, StateOf(store, sums.version));
    if (sums.dbs != state.sums) {
      return Internal("the hash log has wrong sums for version " + std::to_string(sums.version));
    }
  }
  return expected == ranges.hash_log_last + 1 ? OkStatus() : Internal("the hash log ends early");
}

}  // namespace flatkv::test
