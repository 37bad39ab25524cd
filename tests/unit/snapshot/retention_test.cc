// Every small input.
#include "flatkv/snapshot/retention.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace flatkv {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Version kVersions = 5;

std::vector<Version> Subset(unsigned bits) {
  std::vector<Version> versions;
  for (Version version = 1; version <= kVersions; ++version) {
    if ((bits >> (version - 1) & 1) != 0) {
      versions.push_back(version * 10);
    }
  }
  return versions;
}

std::set<Version> SetOf(const std::vector<Version>& versions) {
  return {versions.begin(), versions.end()};
}

// The rule from the header once more, snapshot by snapshot.
bool MayGo(const RetentionInput& input, Version snapshot) {
  if (!input.current.has_value() || snapshot >= *input.current || input.pinned.contains(snapshot) ||
      input.leased.contains(snapshot)) {
    return false;
  }
  const auto newer =
      std::count_if(input.snapshots.begin(), input.snapshots.end(),
                    [&](Version other) { return other > snapshot && other < *input.current; });
  return static_cast<uint64_t>(newer) >= input.keep_recent;
}

void CheckInvariants(const RetentionInput& input, const std::vector<Version>& pruned) {
  ASSERT_TRUE(std::is_sorted(pruned.begin(), pruned.end()));
  for (const Version version : pruned) {
    ASSERT_TRUE(input.current.has_value());
    ASSERT_LT(version, *input.current);
    ASSERT_FALSE(input.pinned.contains(version));
    ASSERT_FALSE(input.leased.contains(version));
  }
  std::vector<Version> expected;
  uint64_t below = 0;
  for (const Version version : input.snapshots) {
    below += input.current.has_value() && version < *input.current ? 1u : 0u;
    if (MayGo(input, version)) {
      expected.push_back(version);
    }
  }
  ASSERT_EQ(pruned, expected);
  ASSERT_GE(below - pruned.size(), std::min(below, input.keep_recent));
}

TEST(SnapshotsToPrune, KeepsItsRulesForEverySmallInput) {
  uint64_t inputs = 0;
  for (unsigned snapshots = 0; snapshots < 32; ++snapshots) {
    for (unsigned pinned = 0; pinned < 32; ++pinned) {
      for (unsigned leased = 0; leased < 32; ++leased) {
        RetentionInput input;
        input.snapshots = Subset(snapshots);
        input.pinned = SetOf(Subset(pinned));
        input.leased = SetOf(Subset(leased));
        for (input.keep_recent = 0; input.keep_recent <= 3; ++input.keep_recent) {
          // No current, each version (a snapshot or not), and one above all.
          for (Version current = 0; current <= kVersions + 1; ++current) {
            input.current = current == 0 ? std::nullopt : std::optional<Version>(current * 10);
            CheckInvariants(input, SnapshotsToPrune(input));
            if (HasFatalFailure()) {
              FAIL() << fmt::format(
                  "snapshots {:05b}, pinned {:05b}, leased {:05b}, keep {}, "
                  "current {}",
                  snapshots, pinned, leased, input.keep_recent, current);
            }
            ++inputs;
          }
        }
      }
    }
  }
  EXPECT_EQ(inputs, 32u * 32 * 32 * 4 * 7);
}

TEST(SnapshotsToPrune, KeepsTheRecentOnesBelowTheCurrentOne) {
  RetentionInput input{.snapshots = {10, 20, 30, 40, 50},
                       .current = 40,
                       .pinned = {},
                       .leased = {},
                       .keep_recent = 1};
  EXPECT_THAT(SnapshotsToPrune(input), ElementsAre(10, 20));
  input.keep_recent = 0;
  EXPECT_THAT(SnapshotsToPrune(input), ElementsAre(10, 20, 30));
  input.keep_recent = UINT64_MAX;
  EXPECT_THAT(SnapshotsToPrune(input), IsEmpty());
}

TEST(SnapshotsToPrune, CountsPinnedAndLeasedOnesAmongTheRecent) {
  const RetentionInput input{.snapshots = {10, 20, 30, 40, 50},
                             .current = 50,
                             .pinned = {40},
                             .leased = {10},
                             .keep_recent = 2};
  EXPECT_THAT(SnapshotsToPrune(input), ElementsAre(20));
}

TEST(SnapshotsToPrune, WithoutACurrentOneNothingGoes) {
  const RetentionInput input{
      .snapshots = {10, 20}, .current = {}, .pinned = {}, .leased = {}, .keep_recent = 0};
  EXPECT_THAT(SnapshotsToPrune(input), IsEmpty());
}

}  // namespace
}  // namespace flatkv
