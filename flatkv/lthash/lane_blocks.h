// Reading blocks of packed rows into lanes. For kernel files: V is the file's own vector type.
#pragma once

#include "flatkv/lthash/lane_kernel.h"

namespace flatkv::internal {

// Block `index` of V::kLanes rows from `first` on, transposed: words[w] holds word w of every row.
// Rows that are shorter give their last block again.
template <class V>
[[gnu::always_inline]] inline void LoadBlocks(const PackedRows& rows, size_t first, uint32_t index,
                                              typename V::Vec (&words)[16]) {
  const uint8_t* blocks[V::kLanes];
  for (size_t lane = 0; lane < V::kLanes; ++lane) {
    const uint32_t last = rows.blocks[first + lane] - 1;
    blocks[lane] = rows.inputs[first + lane] + kBlockBytes * (index < last ? index : last);
  }
  V::LoadTransposed(blocks, words);
}

}  // namespace flatkv::internal
