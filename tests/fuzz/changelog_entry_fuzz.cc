// Any bytes decode to a value or kDataLoss; what decodes, encodes to something that decodes to the
// same.
#include <string>

#include "flatkv/base/check.h"
#include "flatkv/codec/changelog_entry.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace flatkv;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const StatusOr<ChangelogEntryView> entry = DecodeChangelogEntry(bytes);
  if (!entry.ok()) {
    FLATKV_CHECK(entry.status().code() == StatusCode::kDataLoss);
    return 0;
  }
  std::string encoded;
  AppendEntryVersion(entry->version, &encoded);
  AppendChangeSets(entry->changes, &encoded);
  const StatusOr<ChangelogEntryView> again = DecodeChangelogEntry(encoded);
  FLATKV_CHECK(again.ok() && again->version == entry->version);
  std::string encoded_again;
  AppendEntryVersion(again->version, &encoded_again);
  AppendChangeSets(again->changes, &encoded_again);
  FLATKV_CHECK(encoded == encoded_again);
  return 0;
}
