#include "flatkv/base/allocator.h"

#include <fmt/format.h>

#include <cstddef>
#include <string_view>

extern "C" {

// Null in programs without jemalloc. Its header is left out: it declares malloc and its kin anew.
int mallctl(const char* name, void* old_value, size_t* old_bytes, void* new_value, size_t new_bytes)
    __attribute__((weak));

// Read by jemalloc when it starts (jemalloc(3), "TUNING"); MALLOC_CONF in the environment comes
// after it. Huge pages: a commit looks up thousands of rows all over the heap, and under a
// hypervisor an address that the TLB does not have costs two page walks. A thread of its own gives
// freed memory back, so that no commit has to, and not so soon that the next memtable has to touch
// its memory anew.
extern const char* malloc_conf;
const char* malloc_conf =
    "thp:always,metadata_thp:auto,background_thread:true,dirty_decay_ms:30000";

}  // extern "C"

namespace flatkv {
namespace {

// The value of a setting that is a string; empty if there is none.
std::string_view Setting(const char* name) {
  const char* value = nullptr;
  size_t bytes = sizeof(value);
  return mallctl(name, &value, &bytes, nullptr, 0) == 0 && value != nullptr ? value : "";
}

}  // namespace

std::string AllocatorName() {
  if (mallctl == nullptr) {
    return "the C library's";
  }
  // "5.3.0-0-g54eaed1d8b56..."
  const std::string_view version = Setting("version");
  return fmt::format("jemalloc {}, huge pages: {}", version.substr(0, version.find('-')),
                     Setting("opt.thp"));
}

}  // namespace flatkv
