#include "flatkv/lthash/cpu_features.h"

#include <cpuid.h>

namespace flatkv::internal {
namespace {

// __builtin_cpu_supports does not know "sha" in clang 14. The instructions use SSE registers, which
// every x86-64 system saves, so the CPU's word is enough.
bool HasShaNi() {
  unsigned int eax = 0;
  unsigned int ebx = 0;
  unsigned int ecx = 0;
  unsigned int edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  return (ebx & bit_SHA) != 0;
}

}  // namespace

const CpuFeatures& HostCpu() {
  // The builtin also asks whether the operating system saves the wide registers.
  static const CpuFeatures features = {
      __builtin_cpu_supports("avx2") != 0,
      __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0,
      HasShaNi()};
  return features;
}

}  // namespace flatkv::internal
