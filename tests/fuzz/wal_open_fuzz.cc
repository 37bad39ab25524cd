// Any bytes as the only segment of a changelog: opening ends in a log that reads back whole, or in
// an error that leaves the file as it is.
#include <string>

#include "flatkv/base/check.h"
#include "flatkv/base/logger.h"
#include "flatkv/wal/wal.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/tree_digest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace flatkv;
  test::MemFileSystem disk;
  FLATKV_CHECK(disk.MakeDir("/log").ok());
  {
    auto file = disk.Create("/log/00000000000000000001.wal");
    FLATKV_CHECK(file.ok());
    FLATKV_CHECK((*file)->Append({reinterpret_cast<const char*>(data), size}).ok());
    FLATKV_CHECK((*file)->Close().ok());
  }
  const std::string before = test::TreeDigest(disk, "/log");
  auto wal = Wal::Open(disk, NullLogger(), "/log", WalOptions());
  if (!wal.ok()) {
    FLATKV_CHECK(test::TreeDigest(disk, "/log") == before);
    return 0;
  }
  if (!(*wal)->empty()) {
    auto reader = (*wal)->NewReader((*wal)->first_version(), (*wal)->last_version());
    FLATKV_CHECK(reader.ok());
    Version next = (*wal)->first_version();
    while (true) {
      const StatusOr<bool> has_record = (*reader)->Next();
      FLATKV_CHECK(has_record.ok());
      if (!*has_record) {
        break;
      }
      FLATKV_CHECK((*reader)->info().version == next++);
    }
    FLATKV_CHECK(next == (*wal)->last_version() + 1);
  }
  FLATKV_CHECK((*wal)->Close().ok());
  return 0;
}
