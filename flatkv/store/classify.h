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

// What a version writes to one row, before the row's old content is known.
struct RowUpdate {
  std::string_view key;  // physical, in ClassifiedChanges::keys
  std::string_view
      value;  // account: the nonce; other DBs: the value. Borrowed from the change sets
  std::string_view code_hash;  // account only
  bool sets_value = false;     // account: the nonce is written
  bool sets_code_hash = false;
  bool removes = false;  // other DBs: the row goes away
};

struct ClassifiedChanges {
  std::array<std::vector<RowUpdate>, kDataDbs> updates;  // ascending keys, each once
  Arena keys;
};

// `changes` must outlive the result.
// Errors: kInvalidArgument with Reason::kInvalidChangeSet or kLimitExceeded; names module and key.
StatusOr<ClassifiedChanges> Classify(const ChangeSets& changes, const ChangeSetLimits& limits);

// Limits that nothing exceeds: for replaying what was accepted under other limits.
ChangeSetLimits NoLimits();

}  // namespace flatkv
