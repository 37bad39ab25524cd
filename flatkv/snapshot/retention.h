// Which snapshots may go. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "flatkv/base/types.h"

namespace flatkv {

struct RetentionInput {
  std::vector<Version> snapshots;  // ascending
  std::optional<Version> current;
  std::set<Version> pinned;
  std::set<Version> leased;  // open views and verifications stand on these
  uint64_t keep_recent = 0;  // older snapshots beside the current one
};

// Ascending. Never the current one, a pinned or a leased one, or one above the current (what is
// above it is not part of the retained history and is recovery's business). Without a current
// nothing goes. Pinned and leased ones count among the recent.
std::vector<Version> SnapshotsToPrune(const RetentionInput& input);

}  // namespace flatkv
