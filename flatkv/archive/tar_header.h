// The headers of the one kind of tar file that archives use: POSIX ustar (IEEE Std 1003.1-2017,
// pax, "ustar Interchange Format"), regular files only, no times and no owners, so that equal
// members give equal bytes. Standard tools open it.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "flatkv/base/status.h"

namespace flatkv {

inline constexpr size_t kTarBlockBytes = 512;
// Two zero blocks end the file.
inline constexpr size_t kTarEndBytes = 2 * kTarBlockBytes;
// Eleven octal digits.
inline constexpr uint64_t kTarMemberBytesMax = (uint64_t{1} << 33) - 1;

struct TarMember {
  std::string name;
  uint64_t size_bytes = 0;
};

// REQUIRES: a name of 1 to 99 bytes; size_bytes <= kTarMemberBytesMax.
std::string EncodeTarHeader(const TarMember& member);
// Accepts only what EncodeTarHeader emits. Errors: kDataLoss with Reason::kArchiveCorrupt naming
// `path`. REQUIRES: a whole block.
StatusOr<TarMember> DecodeTarHeader(std::string_view block, std::string_view path);
// Zeros from the end of a member to the next block.
constexpr size_t TarPaddingBytes(uint64_t size_bytes) {
  return static_cast<size_t>((kTarBlockBytes - size_bytes % kTarBlockBytes) % kTarBlockBytes);
}

}  // namespace flatkv
