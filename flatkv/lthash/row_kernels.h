// Which kernels a CPU can run.
#pragma once

#include <vector>

#include "flatkv/lthash/cpu_features.h"
#include "flatkv/lthash/row_hasher.h"

namespace flatkv::internal {

// RowKernels(suite) for a CPU with these features: fastest first, the portable one last.
std::vector<RowKernel> RowKernelsFor(Suite suite, const CpuFeatures& cpu);

}  // namespace flatkv::internal
