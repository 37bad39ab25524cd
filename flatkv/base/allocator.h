// The memory allocator of a program: jemalloc, told to ask for huge pages, in those that
// flatkv_allocator() of cmake/ links with it; elsewhere (tests, sanitizers, a node that links the
// library) whatever the program has. Why: docs/decisions/0020-jemalloc.md.
#pragma once

#include <string>

namespace flatkv {

// What allocates in this process, for logs and reports: "jemalloc 5.3.0, huge pages: always" or
// "the C library's". Thread safety: safe for concurrent use.
std::string AllocatorName();

}  // namespace flatkv
