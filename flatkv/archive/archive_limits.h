// How large the members of an archive can be: what a reader makes room for.
#pragma once

#include <cstdint>
#include <string_view>

#include "flatkv/archive/chunk.h"

namespace flatkv {

inline constexpr uint64_t kArchiveManifestBytesMax = uint64_t{1} << 30;
inline constexpr uint64_t kArchivePayloadBytesMax = uint64_t{1} << 30;
// A row that does not compress, its header and keys.
inline constexpr uint64_t kChunkFileBytesMax = kChunkRowBytesMax + (uint64_t{64} << 20);

// "NNNNNN.chunk", as ChunkName gives it.
bool IsChunkName(std::string_view name);

}  // namespace flatkv
