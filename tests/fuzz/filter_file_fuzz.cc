// Any bytes as a filter file: refused as damaged, or a filter that writes the same bytes again.
// Once as they are, once with the digests made right, to get beyond them.
#include <string>

#include "flatkv/base/check.h"
#include "flatkv/base/endian.h"
#include "flatkv/filter/filter_digest.h"
#include "flatkv/filter/filter_file.h"
#include "flatkv/filter/filter_header.h"
#include "flatkv/fs/durable.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/mem_file_system.h"

namespace {

using namespace flatkv;

void Check(std::string_view content) {
  test::MemFileSystem disk;
  FLATKV_CHECK(WriteFileDurably(disk, "/filter", content).ok());
  const StatusOr<LoadedFilter> loaded = ReadFilterFile(disk, "/filter");
  if (!loaded.ok()) {
    FLATKV_CHECK(loaded.status().code() == StatusCode::kDataLoss);
    return;
  }
  // Memory only for what the file holds.
  KeyFilter& filter = *loaded->filter;
  FLATKV_CHECK(filter.size_bytes() < content.size());
  FLATKV_CHECK(WriteFilterFile(disk, "/again", filter, loaded->info).ok());
  const StatusOr<std::string> again = ReadFile(disk, "/again", content.size());
  FLATKV_CHECK(again.ok() && *again == content);
  const uint64_t hash = filter.HashOf(DataDb::kCode, content);
  filter.Add(hash);
  FLATKV_CHECK(filter.MayContain(hash));
}

std::string DigestOf(std::string_view bytes) {
  filter_internal::FilterDigest digest;
  digest.Add(bytes);
  return digest.Bytes();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using filter_internal::kDigestBytes;
  using filter_internal::kHeaderBytes;
  std::string content(reinterpret_cast<const char*>(data), size);
  Check(content);
  if (size >= kHeaderBytes + kDigestBytes) {
    const std::string_view view(content);
    const size_t at = kHeaderBytes - kDigestBytes;
    content.replace(at, kDigestBytes, DigestOf(view.substr(0, at)));
    content.replace(size - kDigestBytes, kDigestBytes,
                    DigestOf(view.substr(0, size - kDigestBytes)));
    Check(content);
  }
  return 0;
}
