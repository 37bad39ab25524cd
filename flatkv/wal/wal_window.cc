#include "flatkv/wal/wal_window.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace flatkv::wal_internal {

void FileWindow::MakeRoom(size_t size_bytes, size_t kept) {
  const char* const tail = buffer_.get() + (filled_ - kept);
  if (size_bytes > capacity_) {
    auto larger = std::make_unique_for_overwrite<char[]>(size_bytes);
    if (kept > 0) {
      std::memcpy(larger.get(), tail, kept);
    }
    buffer_ = std::move(larger);
    capacity_ = size_bytes;
  } else if (kept > 0) {
    std::memmove(buffer_.get(), tail, kept);
  }
  filled_ = kept;
}

StatusOr<std::string_view> FileWindow::View(uint64_t offset, size_t size_bytes) {
  if (offset >= limit_) {
    return std::string_view();
  }
  const uint64_t available = limit_ - offset;
  const size_t wanted = static_cast<size_t>(std::min<uint64_t>(size_bytes, available));
  const uint64_t end = start_ + filled_;
  const bool inside = offset >= start_ && offset <= end;
  const size_t held = inside ? static_cast<size_t>(end - offset) : 0;
  if (held >= wanted) {
    return std::string_view(buffer_.get() + (offset - start_), wanted);
  }
  const size_t target =
      static_cast<size_t>(std::min<uint64_t>(std::max(size_bytes, read_ahead_bytes_), available));
  MakeRoom(target, held);
  start_ = offset;
  ASSIGN_OR_RETURN(const size_t got,
                   file_.Read(offset + held, target - held, buffer_.get() + held));
  filled_ = held + got;
  return std::string_view(buffer_.get(), std::min(wanted, filled_));
}

}  // namespace flatkv::wal_internal
