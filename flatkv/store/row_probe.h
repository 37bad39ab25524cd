// What stands for a row's key wherever the store looks for the row: computed once a key, carried
// along with the row.
#pragma once

#include <cstdint>

#include "flatkv/cache/row_fingerprint.h"

namespace flatkv {

struct RowProbe {
  RowFingerprint fingerprint;  // overlay and row cache
  uint64_t filter_hash = 0;    // key filter; 0 without one
};

}  // namespace flatkv
