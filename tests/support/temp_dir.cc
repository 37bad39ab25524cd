#include "tests/support/temp_dir.h"

#include <stdlib.h>

#include <filesystem>

#include "flatkv/base/check.h"
#include "flatkv/fs/path.h"

namespace flatkv::test {

TempDir::TempDir() : path_(std::filesystem::temp_directory_path() / "flatkv-test-XXXXXX") {
  FLATKV_CHECK(mkdtemp(path_.data()) != nullptr);
}

TempDir::~TempDir() {
  std::error_code ignored;  // A directory left in /tmp is no reason to fail a test.
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::File(std::string_view name) const { return JoinPath(path_, name); }

}  // namespace flatkv::test
