// The side of a comparison that is a view of this process.
//
// Thread safety: as CompareSide.
#pragma once

#include <memory>

#include "flatkv/lthash/row_hasher.h"
#include "flatkv/store/compare_side.h"
#include "flatkv/store/view.h"

namespace flatkv {

struct ViewSideOptions {
  Suite suite = Suite::kSha256;
  std::string store_id;
  size_t threads = 1;  // that hash
  GoOn go_on;          // may be unset
};

// Holds the view. `hasher` outlives the side.
std::unique_ptr<CompareSide> NewViewSide(std::shared_ptr<View> view, const RowHasher& hasher,
                                         ViewSideOptions options);

}  // namespace flatkv
