// Any text as an archive's manifest: only what EncodeArchiveManifest wrote is accepted. The
// checksum is tried as it is and put right, or no mutation would get past it.
#include <string>

#include "flatkv/archive/archive_manifest.h"
#include "flatkv/base/check.h"
#include "flatkv/base/hex.h"
#include "flatkv/base/sha256.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

void Check(std::string_view text) {
  using namespace flatkv;
  const StatusOr<ArchiveManifest> manifest = DecodeArchiveManifest(text, "MANIFEST");
  if (manifest.ok()) {
    FLATKV_CHECK(EncodeArchiveManifest(*manifest) == text);
  } else {
    FLATKV_CHECK(ReasonOf(manifest.status()) == Reason::kArchiveCorrupt ||
                 ReasonOf(manifest.status()) == Reason::kIncompatibleFormat);
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
