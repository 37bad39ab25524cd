// A large block of memory straight from the operating system: zero at first, taken page by page as
// it is touched, given back when the object goes. Thread safety: moving and destroying need
// exclusive use; what the bytes are used for is the owner's affair.
#pragma once

#include <cstddef>

#include "flatkv/base/status.h"

namespace flatkv {

class AnonymousMemory {
 public:
  // No memory.
  AnonymousMemory() = default;
  ~AnonymousMemory();
  // The source is left without memory.
  AnonymousMemory(AnonymousMemory&& other) noexcept;
  AnonymousMemory& operator=(AnonymousMemory&& other) noexcept;
  AnonymousMemory(const AnonymousMemory&) = delete;
  AnonymousMemory& operator=(const AnonymousMemory&) = delete;

  // `size_bytes` zero bytes that start on a page. The operating system is asked for huge pages when
  // some fit: random accesses to gigabytes then find their page table entries cached. 0 bytes give
  // an object without memory. Errors: kResourceExhausted when so much cannot be had.
  static StatusOr<AnonymousMemory> Map(size_t size_bytes);

  // Null without memory. Valid while this object, or what it was moved to, lives.
  void* data() const { return data_; }
  size_t size_bytes() const { return size_bytes_; }

 private:
  AnonymousMemory(void* data, size_t size_bytes) : data_(data), size_bytes_(size_bytes) {}

  void* data_ = nullptr;
  size_t size_bytes_ = 0;
};

}  // namespace flatkv
