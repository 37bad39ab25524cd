// The fixed part of a chunk. docs/format.md, "Archive", has the table.
#pragma once

#include <cstddef>
#include <string_view>

#include "flatkv/lthash/lthash.h"

namespace flatkv::chunk_format {

inline constexpr std::string_view kMagic = "FKVCHNK1";
inline constexpr size_t kNumberAt = 8;
inline constexpr size_t kDbAt = 12;
inline constexpr size_t kSuiteAt = 13;  // 1 sha256, 2 blake3; two zeros follow
inline constexpr size_t kVersionAt = 16;
inline constexpr size_t kRootAt = 24;
inline constexpr size_t kRowsAt = 56;
inline constexpr size_t kTextBytesAt = 64;
inline constexpr size_t kPackedBytesAt = 72;
inline constexpr size_t kModuleBytesAt = 80;
inline constexpr size_t kFirstKeyBytesAt = 84;
inline constexpr size_t kLastKeyBytesAt = 88;  // four zeros follow
inline constexpr size_t kHashAt = 96;
inline constexpr size_t kFixedBytes = kHashAt + LtHash::kSizeBytes;
// Then module, first key, last key, the packed rows, and the digest.
inline constexpr size_t kDigestBytes = 32;
static_assert(kFixedBytes == 2144);

// Of the zstd frame. More costs more time than it saves: rows are mostly hashes.
inline constexpr int kZstdLevel = 3;

}  // namespace flatkv::chunk_format
