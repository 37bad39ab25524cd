// Small types that every layer speaks.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace flatkv {

// Block height. Versions of a store are contiguous; 0 means "before the first version".
using Version = int64_t;

// 32 bytes: a root, a content digest, a link of the changelog's chain.
using Digest = std::array<uint8_t, 32>;

inline std::string_view AsBytes(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// The hash suite of a store (docs/format.md, "LtHash"). Chosen at creation, kept for life.
enum class Suite : uint8_t { kSha256 = 1, kBlake3 = 2 };

inline std::string_view SuiteName(Suite suite) {
  return suite == Suite::kSha256 ? "sha256" : "blake3";
}

}  // namespace flatkv
