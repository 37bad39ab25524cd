// Any bytes as the unpacked items of a Sei stream: the conversion ends in an archive that is sound
// and gives the same archive again through another stream, or in an error that leaves nothing.
#include <zlib.h>

#include <string>

#include "flatkv/archive/archive_verify.h"
#include "flatkv/base/check.h"
#include "flatkv/fs/durable.h"
#include "flatkv/sei/sei_stream.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/tree_digest.h"

namespace {

using namespace flatkv;

constexpr Version kVersion = 42;

Status Convert(FileSystem& fs, const std::string& from, const std::string& to) {
  FromSeiOptions options;
  options.from = from;
  options.version = kVersion;
  options.open_target = [&] { return OpenArchiveDirectory(fs, to); };
  return SeiToArchive(fs, options, nullptr).status();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  test::MemFileSystem disk;
  uLongf packed_bytes = compressBound(size);
  std::string packed(packed_bytes, '\0');
  FLATKV_CHECK(compress2(reinterpret_cast<Bytef*>(packed.data()), &packed_bytes, data, size, 0) ==
               Z_OK);
  packed.resize(packed_bytes);
  FLATKV_CHECK(WriteFileDurably(disk, "/stream", packed).ok());
  if (!Convert(disk, "/stream", "/archive").ok()) {
    FLATKV_CHECK(!*Exists(disk, "/archive"));
    return 0;
  }
  const StatusOr<ArchiveReport> report = VerifyArchive(disk, "/archive", 1, nullptr);
  FLATKV_CHECK(report.ok() && report->findings.empty());
  FLATKV_CHECK(ArchiveToSei(disk, {.from = "/archive", .to = "/again"}, nullptr).ok());
  FLATKV_CHECK(Convert(disk, "/again", "/archive2").ok());
  FLATKV_CHECK(test::TreeDigest(disk, "/archive") == test::TreeDigest(disk, "/archive2"));
  return 0;
}
