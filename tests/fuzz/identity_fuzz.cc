// Any text as an IDENTITY file: only what EncodeIdentity wrote is accepted.
#include <string>

#include "flatkv/base/check.h"
#include "flatkv/store/identity.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace flatkv;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const StatusOr<Identity> identity = DecodeIdentity(text, "IDENTITY");
  if (identity.ok()) {
    FLATKV_CHECK(EncodeIdentity(*identity) == text);
  }
  return 0;
}
