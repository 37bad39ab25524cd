// Several consecutive versions as one: what they leave of every row that they write, so that a
// replay looks each row up, and hashes it, once for all of them.
//
// Thread safety: value types and pure functions.
#pragma once

#include <span>

#include "flatkv/store/classify.h"

namespace flatkv {

// `versions` are ascending, each with its updates by data DB in ascending keys. Of an account the
// last write of each field counts. Keys and values still belong to whoever had them.
RowUpdates Fold(std::span<const RowUpdates> versions);

}  // namespace flatkv
