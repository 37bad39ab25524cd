#include "cli/build_info.h"

#include <fmt/format.h>
#include <leveldb/db.h>
#include <openssl/crypto.h>

#include "cli/client.h"
#include "flatkv/lthash/row_hasher.h"

namespace flatkv::cli {
namespace {

std::vector<std::string> KernelNames(Suite suite) {
  std::vector<std::string> names;
  for (const RowKernel& kernel : RowKernels(suite)) {
    names.emplace_back(kernel.name);
  }
  return names;
}

std::string CompilerName() {
#if defined(__clang__)
  return fmt::format("clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
  return fmt::format("gcc {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

}  // namespace

std::string_view BuildVersion() { return FLATKV_VERSION; }

BuildInfo CollectBuildInfo() {
  const RpcVersions rpc = LinkedRpcVersions();
  BuildInfo info;
  info.parts = {{"compiler", CompilerName()},
                {"leveldb", fmt::format("{}.{}", leveldb::kMajorVersion, leveldb::kMinorVersion)},
                {"grpc", rpc.grpc},
                {"protobuf", rpc.protobuf},
                {"openssl", OpenSSL_version(OPENSSL_VERSION_STRING)}};
  info.sha256_kernels = KernelNames(Suite::kSha256);
  info.blake3_kernels = KernelNames(Suite::kBlake3);
  return info;
}

}  // namespace flatkv::cli
