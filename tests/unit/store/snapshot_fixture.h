// The fixture of the tests of snapshots: a store over a disk whose calls can fail.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/support/fault_file_system.h"
#include "tests/unit/store/store_admin_util.h"

namespace flatkv::test {

// A version of exactly one pair with a value of `bytes` bytes.
inline OwnedBlock BlockOf(Version version, size_t bytes) {
  OwnedBlock block(version);
  block.Set("bank", fmt::format("key{:06}", version), std::string(bytes, 'v'));
  return block;
}

// Every call of the kind on such a path fails.
inline FaultRule Always(FsOp op, const std::string& path_contains, int error_number) {
  FaultRule rule;
  rule.op = op;
  rule.path_contains = path_contains;
  rule.times = FaultRule::kForever;
  rule.error_number = error_number;
  return rule;
}

class SnapshotFixture : public ::testing::Test {
 protected:
  static constexpr Version kVersions = 40;

  SnapshotFixture() : history_(kVersions, 25, 3) {}

  StatusOr<std::unique_ptr<Store>> Open() { return Store::Open(fault_, logger_, kHome, options_); }

  const History history_;
  StoreOptions options_ = AdminOptions();
  CollectingLogger logger_;
  MemFileSystem fs_;
  FaultFileSystem fault_{fs_};
};

}  // namespace flatkv::test
