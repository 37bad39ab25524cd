// Invariant checks. FLATKV_CHECK is on in every build: a bug in our own code stops the process
// before it can write wrong bytes. Bytes from disk or the wire never reach a check; they get a
// Status.
#pragma once

namespace flatkv::internal {
[[noreturn]] void CheckFailed(const char* expression, const char* file, int line);
}  // namespace flatkv::internal

#define FLATKV_CHECK(condition)                                        \
  do {                                                                 \
    if (!(condition)) {                                                \
      ::flatkv::internal::CheckFailed(#condition, __FILE__, __LINE__); \
    }                                                                  \
  } while (false)

#ifdef FLATKV_DEBUG_CHECKS
#define FLATKV_DCHECK(condition) FLATKV_CHECK(condition)
#else
#define FLATKV_DCHECK(condition) static_cast<void>(0)
#endif
