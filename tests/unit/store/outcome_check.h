// What must hold of a store's disk after whatever happened to it, by opening it.
#pragma once

#include <span>

#include "tests/support/mem_file_system.h"
#include "tests/unit/store/timeline.h"

namespace flatkv::test {

struct OutcomeCheck {
  // Opening may have to make working/ anew: that is what is tested.
  bool may_rebuild_working = false;
  // Without it only the first two of the checks below are made, and the rows' hashes.
  bool is_thorough = true;
};

// Opens the store on `disk`, which it changes, and compares it with the reference:
//  - it opens, at exactly one of the allowed outcomes, with its root, recorded roots and pairs;
//  - nothing is left of interrupted steps;
//  - every row hashes, snapshots, `current` and the changelog verify in full, pins have a snapshot;
//  - what it says it retains is there: views at the oldest, a middle and the last version;
//  - the next version can be committed, with content that no timeline has;
//  - after a clean close it opens twice more, replays and repairs nothing, and changes nothing but
//    the data DBs' own files.
// Returns the first violation.
Status CheckOutcome(FileSystem& disk, const StoreOptions& options, std::span<const Outcome> allowed,
                    OutcomeCheck check = {});

}  // namespace flatkv::test
