#include "flatkv/lthash/row_kernels.h"

#include "flatkv/lthash/blake3_portable.h"
#include "flatkv/lthash/lane_accumulate.h"
#include "flatkv/lthash/sha256_openssl.h"

namespace flatkv {
namespace internal {
namespace {

template <auto kKernel>
void Accumulate(std::span<const RowElement> elements, LtHash* sum) {
  AccumulateInLanes(kKernel(), elements, sum);
}

}  // namespace

// The order is by measurement; bench/lthash_bench.cc repeats it.
std::vector<RowKernel> RowKernelsFor(Suite suite, const CpuFeatures& cpu) {
  std::vector<RowKernel> kernels;
  if (suite == Suite::kBlake3) {
    if (cpu.avx512) kernels.push_back({"avx512", Accumulate<Blake3Avx512>});
    if (cpu.avx2) kernels.push_back({"avx2", Accumulate<Blake3Avx2>});
    kernels.push_back({"portable", AccumulateBlake3Portable});
  } else {
    if (cpu.avx512) kernels.push_back({"avx512", Accumulate<Sha256Avx512>});
    if (cpu.sha_ni) kernels.push_back({"sha-ni", Accumulate<Sha256ShaNi>});
    if (cpu.avx2) kernels.push_back({"avx2", Accumulate<Sha256Avx2>});
    kernels.push_back({"openssl", AccumulateSha256OpenSsl});
  }
  return kernels;
}

}  // namespace internal

std::vector<RowKernel> RowKernels(Suite suite) {
  return internal::RowKernelsFor(suite, internal::HostCpu());
}

}  // namespace flatkv
