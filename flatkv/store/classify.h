// Turns change sets into the rows they write: validated, mapped to data DBs and physical keys, last
// write wins, sorted. Sorting pays: LevelDB reads and writes sorted keys about twice as fast
// (docs/decisions/0002).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/codec/change_set.h"
#include "flatkv/codec/data_db.h"
#include "flatkv/store/arena.h"
#include "flatkv/store/store_options.h"

namespace flatkv {

// What a version, or several as one (folded_changes.h), writes to one row, before the row's old
// content is known.
struct RowUpdate {
  std::string_view key;  // physical, in ClassifiedChanges::keys
  std::string_view
      value;  // account: the nonce; other DBs: the value. Borrowed from the change sets
  std::string_view code_hash;  // account only
  bool sets_value = false;     // account: the nonce is written
  bool sets_code_hash = false;
  bool removes = false;  // other DBs: the row goes away
  // Of several versions: whether the row existed after one before the last that wrote it, if it did
  // not before the first. A row that comes and goes still makes the metadata of its module.
  bool came = false;
  Version version = 0;  // that wrote last: the one in the header of the stored row
};

using RowUpdates = std::array<std::vector<RowUpdate>, kDataDbs>;  // ascending keys, each once

struct ClassifiedChanges {
  RowUpdates updates;
  Arena keys;
};

// `changes` must outlive the result.
// Errors: kInvalidArgument with Reason::kInvalidChangeSet or kLimitExceeded; names module and key.
StatusOr<ClassifiedChanges> Classify(Version version, const ChangeSets& changes,
                                     const ChangeSetLimits& limits);

// Limits that nothing exceeds: for replaying what was accepted under other limits.
ChangeSetLimits NoLimits();

}  // namespace flatkv
