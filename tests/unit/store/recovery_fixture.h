// The fixture of the tests that open a store whose directory is not as it was left.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "tests/unit/store/store_admin_util.h"

namespace flatkv::test {

class RecoveryFixture : public ::testing::Test {
 protected:
  static constexpr Version kVersions = 30;

  RecoveryFixture() : history_(kVersions, 25, 5) {}

  StatusOr<std::unique_ptr<Store>> Open(FileSystem& fs) { return OpenStore(fs, options_); }
  void Fill(const std::vector<Version>& snapshots, bool close = true) {
    FillStore(fs_, options_, history_, snapshots, close);
  }
  // Points `current` elsewhere, or at nothing.
  static void PointCurrent(MemFileSystem& fs, std::optional<Version> version) {
    ASSERT_OK(RemoveFileDurably(fs, InStore(kCurrentName)));
    if (version.has_value()) {
      ASSERT_OK(fs.Symlink(SnapshotName(*version), InStore(kCurrentName)));
    }
  }
  void ExpectOpensAtTheHead(MemFileSystem& fs) {
    ASSERT_OK_AND_ASSIGN(auto store, Open(fs));
    ExpectStateAt(*store, history_, kVersions);
    ASSERT_OK(store->Close());
  }
  // Opening is refused; a file that is at fault is named.
  static void ExpectNamed(const Status& refused) {
    EXPECT_THAT(refused, StatusIs(StatusCode::kDataLoss, ::testing::HasSubstr(kStoreDirectory)));
    EXPECT_NE(ReasonOf(refused), Reason::kUnspecified) << ToString(refused);
  }

  const History history_;
  StoreOptions options_ = AdminOptions();
  MemFileSystem fs_;
};

}  // namespace flatkv::test
