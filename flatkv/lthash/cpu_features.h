// What this CPU and its operating system offer to the kernels.
#pragma once

namespace flatkv::internal {

struct CpuFeatures {
  bool avx2 = false;
  bool avx512 = false;  // F and BW.
  bool sha_ni = false;
};

// Detected once. Thread-safe.
const CpuFeatures& HostCpu();

}  // namespace flatkv::internal
