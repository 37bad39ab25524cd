// Any bytes as the only pin of a store: listed, or named as damaged; either way it can be removed.
#include <string>

#include "flatkv/base/check.h"
#include "flatkv/base/hex.h"
#include "flatkv/base/sha256.h"
#include "flatkv/fs/durable.h"
#include "flatkv/snapshot/pins.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/mem_file_system.h"

namespace {

// The id of the pin in corpus/pin.txt.
constexpr char kId[] = "00112233445566aa";

void Check(std::string_view content) {
  using namespace flatkv;
  test::MemFileSystem disk;
  FLATKV_CHECK(MakeDirsDurably(disk, "/store/pins").ok());
  FLATKV_CHECK(WriteFileDurably(disk, std::string("/store/pins/") + kId, content).ok());
  Pins pins(disk, "/store");
  const StatusOr<std::vector<Pin>> listed = pins.List();
  if (listed.ok()) {
    FLATKV_CHECK(listed->size() == 1 && listed->front().id == kId);
    FLATKV_CHECK(!listed->front().reason.empty() && listed->front().version >= 0);
  } else {
    FLATKV_CHECK(ReasonOf(listed.status()) == Reason::kSnapshotCorrupt ||
                 ReasonOf(listed.status()) == Reason::kIncompatibleFormat);
  }
  FLATKV_CHECK(pins.Remove(kId).ok());
  FLATKV_CHECK(pins.List()->empty());
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
