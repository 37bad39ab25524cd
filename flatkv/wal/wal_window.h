// A moving window over a file that is read forward, in large reads.
//
// Thread safety: one thread at a time. `file` outlives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"

namespace flatkv::wal_internal {

inline constexpr size_t kReadAheadBytes = size_t{1} << 20;

class FileWindow {
 public:
  // Nothing at or after `limit` is read, so that a file may grow beyond it meanwhile.
  FileWindow(const RandomAccessFile& file, uint64_t limit, size_t read_ahead_bytes)
      : file_(file), limit_(limit), read_ahead_bytes_(read_ahead_bytes) {}

  uint64_t limit() const { return limit_; }

  // The bytes at [offset, offset + size_bytes), fewer only at the limit or the end of the file.
  // Valid until the next call. Bytes that the window already holds are not read again.
  StatusOr<std::string_view> View(uint64_t offset, size_t size_bytes);

 private:
  // Makes room for `size_bytes` and keeps `kept` bytes from the end of the window at its start.
  void MakeRoom(size_t size_bytes, size_t kept);

  // Constant after construction.
  const RandomAccessFile& file_;
  const uint64_t limit_;
  const size_t read_ahead_bytes_;

  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  uint64_t start_ = 0;  // file offset of buffer_[0]
  size_t filled_ = 0;
};

}  // namespace flatkv::wal_internal
