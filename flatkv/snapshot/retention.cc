#include "flatkv/snapshot/retention.h"

#include <algorithm>

namespace flatkv {

std::vector<Version> SnapshotsToPrune(const RetentionInput& input) {
  std::vector<Version> prune;
  if (!input.current.has_value()) {
    return prune;
  }
  uint64_t recent = 0;
  for (auto snapshot = input.snapshots.rbegin(); snapshot != input.snapshots.rend(); ++snapshot) {
    if (*snapshot >= *input.current || recent++ < input.keep_recent) {
      continue;
    }
    if (!input.pinned.contains(*snapshot) && !input.leased.contains(*snapshot)) {
      prune.push_back(*snapshot);
    }
  }
  std::reverse(prune.begin(), prune.end());
  return prune;
}

}  // namespace flatkv
