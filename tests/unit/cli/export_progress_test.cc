#include "cli/export_progress.h"

#include <gtest/gtest.h>

namespace flatkv::cli {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

TEST(ArchiveProgressText, HasShareRateAndTimeLeft) {
  EXPECT_EQ(ArchiveProgressText("export", {.chunks = 2, .rows = 250, .bytes = 10 * kMiB}, 1000,
                                40 * kMiB, 2),
            "export: 250 of 1000 rows (25 %), 5.0 MiB/s, 6 s left");
}

TEST(ArchiveProgressText, WithoutATotalOrATimeSaysWhatIsDone) {
  EXPECT_EQ(
      ArchiveProgressText("archive verify", {.chunks = 2, .rows = 250, .bytes = kMiB}, 0, 0, 0),
      "archive verify: 250 rows");
  EXPECT_EQ(ArchiveProgressText("import", {}, 1000, kMiB, 3), "import: 0 of 1000 rows (0 %)");
}

}  // namespace
}  // namespace flatkv::cli
