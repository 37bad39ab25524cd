// Accumulates rows through a lane kernel: sorts them into groups of similar length, packs and pads
// a group, hashes and expands it, and un-transposes the sums at the end. Allocates nothing; about
// 25 KB of stack.
#pragma once

#include <span>

#include "flatkv/lthash/lane_kernel.h"
#include "flatkv/lthash/row_hasher.h"

namespace flatkv::internal {

void AccumulateInLanes(const Blake3LaneKernel& kernel, std::span<const RowElement> elements,
                       LtHash* sum);
void AccumulateInLanes(const LaneKernel<Sha256Seeds>& kernel, std::span<const RowElement> elements,
                       LtHash* sum);

}  // namespace flatkv::internal
