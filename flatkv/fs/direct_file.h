// A second handle to an open file whose reads go past the page cache (O_DIRECT, open(2)).
#pragma once

#include <cstdint>

#include "flatkv/base/status.h"
#include "flatkv/fs/unique_fd.h"

namespace flatkv {

// Thread safety: immutable.
class DirectFile {
 public:
  // Of the file that `fd` has open for reading, whatever its name is now, or if it has none any
  // more. Errors: the file system has no such reads; /proc is not mounted; too many open files.
  static StatusOr<DirectFile> Reopen(int fd);

  int fd() const { return fd_.get(); }
  // Offsets and sizes of reads are multiples of this power of two, at most kPageBytes; buffers
  // start on a page.
  uint64_t alignment_bytes() const { return alignment_bytes_; }

  static constexpr uint64_t kPageBytes = 4096;

 private:
  DirectFile(UniqueFd fd, uint64_t alignment_bytes)
      : fd_(std::move(fd)), alignment_bytes_(alignment_bytes) {}

  UniqueFd fd_;
  uint64_t alignment_bytes_;
};

}  // namespace flatkv
