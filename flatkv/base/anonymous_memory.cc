#include "flatkv/base/anonymous_memory.h"

#include <fmt/core.h>
#include <sys/mman.h>

#include <cerrno>
#include <utility>

#include "flatkv/base/check.h"

namespace flatkv {
namespace {

constexpr size_t kHugePageBytes = size_t{2} << 20;

}  // namespace

AnonymousMemory::~AnonymousMemory() {
  if (data_ != nullptr) {
    FLATKV_CHECK(munmap(data_, size_bytes_) == 0);
  }
}

AnonymousMemory::AnonymousMemory(AnonymousMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_bytes_(std::exchange(other.size_bytes_, 0)) {}

AnonymousMemory& AnonymousMemory::operator=(AnonymousMemory&& other) noexcept {
  AnonymousMemory taken(std::move(other));
  std::swap(data_, taken.data_);
  std::swap(size_bytes_, taken.size_bytes_);
  return *this;
}

StatusOr<AnonymousMemory> AnonymousMemory::Map(size_t size_bytes) {
  if (size_bytes == 0) {
    return AnonymousMemory();
  }
  void* const data =
      mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) {
    return Recode(ErrnoStatus("map", fmt::format("{} bytes of memory", size_bytes), errno),
                  StatusCode::kResourceExhausted);
  }
  if (size_bytes >= kHugePageBytes) {
    // Only speed is lost where the kernel has none.
    static_cast<void>(madvise(data, size_bytes, MADV_HUGEPAGE));
  }
  return AnonymousMemory(data, size_bytes);
}

}  // namespace flatkv
