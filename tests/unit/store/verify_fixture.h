// The fixture of the tests of verification: a store with three snapshots, whose every read goes to
// the disk.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/store/store_admin_util.h"

namespace flatkv::test {

class VerifyFixture : public ::testing::Test {
 protected:
  static constexpr Version kVersions = 40;

  VerifyFixture() : history_(kVersions, 25, 17) {
    options_.block_cache_bytes = 1;  // every read goes to the disk
  }

  void Fill() { FillStore(fs_, options_, history_, {10, 20, 30}); }
  static StatusOr<VerifyReport> Verify(Store& store, VerifyDepth depth,
                                       const OnVerifyProgress& on_progress = nullptr) {
    return store.admin().Verify({.depth = depth, .at = std::nullopt, .snapshot = std::nullopt},
                                on_progress);
  }
  uint64_t FilesOf(Store& store, Version snapshot) const {
    const auto summary = store.admin().ShowSnapshot(snapshot);
    EXPECT_OK(summary);
    return summary.ok() ? summary->manifest.files.size() : 0;
  }
  bool HasScratch(MemFileSystem& fs) const {
    const auto names = fs.List(InStore(kScratchName));
    return names.ok() && !names->empty();
  }

  const History history_;
  StoreOptions options_ = AdminOptions();
  MemFileSystem fs_;
};

}  // namespace flatkv::test
