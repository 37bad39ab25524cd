// Iteration over one module: its rows stand in up to four data DBs, and an account row answers for
// two keys. Each of these lanes is walked on its own and the lanes are merged by the caller's key.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "flatkv/codec/keys.h"
#include "flatkv/store/row_cursor.h"
#include "flatkv/store/store.h"

namespace flatkv {

// One kind of key of a module.
struct LaneSpec {
  RowTarget target;
  PhysicalRange range;
};

// The lanes that a range of a module's keys touches; none for an empty range. REQUIRES: a valid
// module name.
std::vector<LaneSpec> LanesOf(const IterateRange& range);

using OpenCursor = std::function<RowCursor(const LaneSpec& lane)>;

// `open_cursor` is called for each lane before this returns.
std::unique_ptr<StoreIterator> NewStoreIterator(const IterateRange& range, Version version,
                                                const OpenCursor& open_cursor);

}  // namespace flatkv
