// Any text as an INTENT file: only what EncodeIntent wrote is accepted, with its own checksum and
// with the right one.
#include <string>

#include "flatkv/base/check.h"
#include "flatkv/base/hex.h"
#include "flatkv/base/sha256.h"
#include "flatkv/snapshot/intent.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

void Check(std::string_view text) {
  using namespace flatkv;
  const StatusOr<Intent> intent = DecodeIntent(text, "INTENT");
  if (intent.ok()) {
    FLATKV_CHECK(EncodeIntent(*intent) == text);
  } else {
    FLATKV_CHECK(ReasonOf(intent.status()) == Reason::kSnapshotCorrupt ||
                 ReasonOf(intent.status()) == Reason::kIncompatibleFormat);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace flatkv;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Check(text);
  std::string lines(text.substr(0, text.rfind("checksum = ")));
  lines += "checksum = " + HexEncode(AsBytes(Sha256(lines))) + "\n";
  Check(lines);
  return 0;
}
