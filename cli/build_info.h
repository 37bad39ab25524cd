// What this program was built from and runs with.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace flatkv::cli {

// "0.1.0"
std::string_view BuildVersion();

struct BuildInfo {
  // Name and version, in a fixed order: compiler, leveldb, grpc, protobuf, openssl.
  std::vector<std::pair<std::string, std::string>> parts;
  // The hash kernels that this CPU can run, fastest first.
  std::vector<std::string> sha256_kernels;
  std::vector<std::string> blake3_kernels;
};
BuildInfo CollectBuildInfo();

}  // namespace flatkv::cli
