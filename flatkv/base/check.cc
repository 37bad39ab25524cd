#include "flatkv/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace flatkv::internal {

void CheckFailed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "flatkv: check failed at %s:%d: %s\n", file, line, expression);
  std::abort();
}

}  // namespace flatkv::internal
