#include "flatkv/fs/direct_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <bit>
#include <string>
#include <utility>

namespace flatkv {
namespace {

// A page suits every device. Kernels since 6.1 say when less does, which reads less.
uint64_t AlignmentOf(int fd) {
  struct statx info = {};
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &info) == 0 &&
      (info.stx_mask & STATX_DIOALIGN) != 0 && std::has_single_bit(info.stx_dio_offset_align) &&
      info.stx_dio_offset_align < DirectFile::kPageBytes) {
    return info.stx_dio_offset_align;
  }
  return DirectFile::kPageBytes;
}

}  // namespace

StatusOr<DirectFile> DirectFile::Reopen(int fd) {
  // The file may have been removed; only this way leads to it then.
  const std::string path = fmt::format("/proc/self/fd/{}", fd);
  UniqueFd direct(::open(path.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC));
  if (direct.get() < 0) {
    return ErrnoStatus("open for direct reads", path, errno);
  }
  const uint64_t alignment_bytes = AlignmentOf(direct.get());
  return DirectFile(std::move(direct), alignment_bytes);
}

}  // namespace flatkv
