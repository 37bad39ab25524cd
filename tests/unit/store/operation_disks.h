// Store directories that an open has something to do with.
#pragma once

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "tests/support/mem_file_system.h"

namespace flatkv::test {

// Cuts the newest table of a data DB in working/, which no snapshot shares.
Status DamageTable(MemFileSystem& disk);
// The layout without working/, snapshots and `current`.
Status MakeFlat(MemFileSystem& disk);
// `current` names another snapshot than it did.
Status PointCurrentAt(MemFileSystem& disk, Version version);
// A store whose creation got as far as its identity.
Status BeginStore(MemFileSystem& disk, const std::string& store_id);
// What is in quarantine moved back to where it was set aside from, and whatever stands there now
// removed first, unless the store in place still is `store_id`.
Status BringBack(MemFileSystem& disk, const std::string& store_id);

}  // namespace flatkv::test
