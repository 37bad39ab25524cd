// Any text as a snapshot's manifest: only what EncodeSnapshotManifest wrote is accepted. The
// checksum is tried as it is and put right, or no mutation would get past it.
#include <string>

#include "flatkv/base/check.h"
#include "flatkv/base/hex.h"
#include "flatkv/base/sha256.h"
#include "flatkv/snapshot/snapshot_manifest.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

void Check(std::string_view text) {
  using namespace flatkv;
  const StatusOr<SnapshotManifest> manifest = DecodeSnapshotManifest(text, "SNAPSHOT");
  if (manifest.ok()) {
    FLATKV_CHECK(EncodeSnapshotManifest(*manifest) == text);
    FLATKV_CHECK(manifest->wal_from == manifest->version + 1);
    for (const SnapshotFile& file : manifest->files) {
      FLATKV_CHECK(file.path.find("..") != 0 && file.path.find("/..") == std::string::npos);
    }
  } else {
    FLATKV_CHECK(ReasonOf(manifest.status()) == Reason::kSnapshotCorrupt ||
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
