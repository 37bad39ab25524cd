#include "flatkv/archive/tar_header.h"

#include <fmt/format.h>

#include "flatkv/archive/chunk.h"
#include "flatkv/base/check.h"

namespace flatkv {
namespace {

constexpr size_t kNameBytes = 100;
constexpr size_t kSizeAt = 124;
constexpr size_t kSizeDigits = 11;
constexpr size_t kChecksumAt = 148;

}  // namespace

std::string EncodeTarHeader(const TarMember& member) {
  FLATKV_CHECK(!member.name.empty() && member.name.size() < kNameBytes &&
               member.size_bytes <= kTarMemberBytesMax);
  std::string block(kTarBlockBytes, '\0');
  const auto put = [&](size_t at, std::string_view text) { block.replace(at, text.size(), text); };
  put(0, member.name);
  put(100, "0000644");  // mode
  put(108, "0000000");  // owner
  put(116, "0000000");  // group
  put(kSizeAt, fmt::format("{:011o}", member.size_bytes));
  put(136, "00000000000");  // time
  put(kChecksumAt, "        ");
  put(156, "0");                                 // a regular file
  put(257, std::string_view("ustar\00000", 8));  // magic, and version 00
  put(329, "0000000");                           // device
  put(337, "0000000");
  unsigned sum = 0;
  for (const char c : block) {
    sum += static_cast<unsigned char>(c);
  }
  put(kChecksumAt, fmt::format("{:06o}", sum));
  block[kChecksumAt + 6] = '\0';
  return block;
}

StatusOr<TarMember> DecodeTarHeader(std::string_view block, std::string_view path) {
  FLATKV_CHECK(block.size() == kTarBlockBytes);
  TarMember member;
  member.name = block.substr(0, std::min(block.find('\0'), kNameBytes));
  for (const char c : block.substr(kSizeAt, kSizeDigits)) {
    member.size_bytes = member.size_bytes * 8 + static_cast<uint64_t>(c - '0');
    if (c < '0' || c > '7') {
      return ArchiveCorrupt(path, "a tar header is malformed");
    }
  }
  if (member.name.empty() || member.name.size() >= kNameBytes || EncodeTarHeader(member) != block) {
    return ArchiveCorrupt(path, "a tar header is malformed");
  }
  return member;
}

}  // namespace flatkv
