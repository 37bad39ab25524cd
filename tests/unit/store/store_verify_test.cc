// Verification of a sound store: no findings, right counts; beside commits and prunes; it can be
// cancelled, and a rollback or a close ends it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

#include "flatkv/store/view.h"
#include "tests/unit/store/verify_fixture.h"

namespace flatkv::test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class StoreVerifyTest : public VerifyFixture {};

// ---- A sound store.

TEST_F(StoreVerifyTest, ASoundStoreHasNoFindingsAndEverythingIsCounted) {
  options_.wal_segment_bytes = 1 << 20;  // nothing is pruned: all versions are there
  Fill();
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options_));
  uint64_t files = 0;
  uint64_t rows = history_.model(kVersions).Rows();
  for (const Version snapshot : std::vector<Version>{10, 20, 30}) {
    files += FilesOf(*store, snapshot);
    rows += history_.model(snapshot).Rows();
  }
  for (const VerifyDepth depth : {VerifyDepth::kQuick, VerifyDepth::kFull}) {
    ASSERT_OK_AND_ASSIGN(const VerifyReport report, Verify(*store, depth));
    EXPECT_THAT(report.findings, IsEmpty());
    EXPECT_EQ(report.version, kVersions);
    EXPECT_EQ(Hex(report.root), Hex(history_.root(kVersions)));
    EXPECT_EQ(report.snapshots, 3u);
    EXPECT_EQ(report.files, files);
    EXPECT_EQ(report.versions, static_cast<uint64_t>(kVersions));
    EXPECT_EQ(report.rows, depth == VerifyDepth::kFull ? rows : 0u);
    EXPECT_FALSE(HasScratch(fs_));
  }
}

TEST_F(StoreVerifyTest, AVersionIsVerifiedByItself) {
  options_.wal_segment_bytes = 1 << 20;  // nothing is pruned: all versions are there
  Fill();
  for (const uint64_t undo_depth : {uint64_t{128}, uint64_t{0}}) {
    options_.undo_depth = undo_depth;
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options_));
    for (const Version version : std::vector<Version>{1, 10, 25, kVersions}) {
      ASSERT_OK_AND_ASSIGN(
          const VerifyReport report,
          store->admin().Verify(
              {.depth = VerifyDepth::kQuick, .at = version, .snapshot = std::nullopt}, nullptr));
      EXPECT_THAT(report.findings, IsEmpty());
      EXPECT_EQ(report.version, version);
      EXPECT_EQ(Hex(report.root), Hex(history_.root(version)));
      EXPECT_EQ(report.rows, history_.model(version).Rows());
      EXPECT_EQ(report.snapshots, 0u);
      EXPECT_EQ(report.versions, 0u);
    }
    const VerifyOptions above{
        .depth = VerifyDepth::kFull, .at = kVersions + 1, .snapshot = std::nullopt};
    EXPECT_THAT(store->admin().Verify(above, nullptr), HasReason(Reason::kVersionAboveHead));
    ASSERT_OK(store->Close());
    EXPECT_THAT(Verify(*store, VerifyDepth::kQuick), HasReason(Reason::kClosed));
  }
}

TEST_F(StoreVerifyTest, ASnapshotIsVerifiedByItself) {
  Fill();
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options_));
  for (const VerifyDepth depth : {VerifyDepth::kQuick, VerifyDepth::kFull}) {
    const VerifyOptions options{.depth = depth, .at = std::nullopt, .snapshot = 20};
    ASSERT_OK_AND_ASSIGN(const VerifyReport report, store->admin().Verify(options, nullptr));
    EXPECT_THAT(report.findings, IsEmpty());
    EXPECT_EQ(report.version, 20);
    EXPECT_EQ(Hex(report.root), Hex(history_.root(20)));
    EXPECT_EQ(report.snapshots, 1u);
    EXPECT_EQ(report.files, FilesOf(*store, 20));
    EXPECT_EQ(report.rows, depth == VerifyDepth::kFull ? history_.model(20).Rows() : 0u);
  }
  const VerifyOptions none{
      .depth = VerifyDepth::kQuick, .at = std::nullopt, .snapshot = Version{15}};
  EXPECT_THAT(store->admin().Verify(none, nullptr), HasReason(Reason::kSnapshotMissing));
}

TEST_F(StoreVerifyTest, AnEmptyStoreIsSound) {
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options_));
  for (const VerifyDepth depth : {VerifyDepth::kQuick, VerifyDepth::kFull}) {
    ASSERT_OK_AND_ASSIGN(const VerifyReport report, Verify(*store, depth));
    EXPECT_THAT(report.findings, IsEmpty());
    EXPECT_EQ(report.version, 0);
    EXPECT_EQ(Hex(report.root), Hex(store->CommittedRoot().root));
  }
}

// ---- Beside other work.

TEST_F(StoreVerifyTest, FindsNothingWhileCommitsSnapshotsAndPrunesGoOn) {
  const History history(160, 15, 19);
  options_.snapshot.policy = SnapshotPolicy::kInterval;
  options_.snapshot.interval_versions = 8;
  options_.snapshot.keep_recent = 1;
  options_.wal_segment_bytes = 600;
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options_));
  ASSERT_OK(CommitTo(*store, history, 20));
  std::atomic<bool> done = false;
  std::thread commits([&] {
    EXPECT_OK(CommitTo(*store, history, history.versions()));
    done = true;
  });
  int runs = 0;
  while (!done || runs < 4) {
    const auto report = Verify(*store, runs % 2 == 0 ? VerifyDepth::kFull : VerifyDepth::kQuick);
    EXPECT_OK(report);
    if (!report.ok()) {
      break;
    }
    EXPECT_THAT(report->findings, IsEmpty());
    EXPECT_EQ(Hex(report->root), Hex(history.root(report->version)));
    ++runs;
  }
  commits.join();
  // What a verification had leased at the moment of a prune can go now.
  ASSERT_OK(store->admin().Prune(options_.snapshot.keep_recent));
  EXPECT_GT(store->admin().Retention().oldest_retained, 1) << "nothing was pruned";
  ASSERT_OK(store->Close());
}

TEST_F(StoreVerifyTest, EveryPhaseIsAnnouncedAndCanBeCancelled) {
  Fill();
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options_));
  std::vector<std::string> phases;
  ASSERT_OK(Verify(*store, VerifyDepth::kFull, [&](const VerifyProgress& progress) {
    if (phases.empty() || phases.back() != progress.phase) {
      phases.push_back(progress.phase);
    }
    return true;
  }));
  for (const Version snapshot : std::vector<Version>{10, 20, 30}) {
    EXPECT_THAT(phases, Contains(SnapshotName(snapshot) + " files"));
  }
  EXPECT_THAT(phases, Contains("changelog"));
  for (const std::string_view db : kDataDbNames) {
    EXPECT_THAT(phases, Contains(fmt::format("version 40 rows of {}", db)));
    EXPECT_THAT(phases, Contains(fmt::format("{} rows of {}", SnapshotName(20), db)));
  }
  for (const std::string& phase : phases) {
    SCOPED_TRACE(phase);
    EXPECT_THAT(Verify(*store, VerifyDepth::kFull,
                       [&](const VerifyProgress& progress) { return progress.phase != phase; }),
                StatusIs(StatusCode::kCancelled));
    EXPECT_FALSE(HasScratch(fs_));
    ASSERT_OK_AND_ASSIGN(const SnapshotSummary summary, store->admin().ShowSnapshot(20));
    EXPECT_EQ(summary.leases, 0u);
  }
  ExpectStateAt(*store, history_, kVersions);
}

// Runs a full verification that `at_phase` interrupts once when a phase that contains `phase` is
// announced.
StatusOr<VerifyReport> InterruptedVerify(Store& store, const VerifyOptions& options,
                                         const std::string& phase,
                                         const std::function<void()>& interrupt) {
  bool interrupted = false;
  auto report = store.admin().Verify(options, [&](const VerifyProgress& progress) {
    if (!interrupted && progress.phase.find(phase) != std::string::npos) {
      interrupted = true;
      interrupt();
    }
    return true;
  });
  EXPECT_TRUE(interrupted);
  return report;
}

TEST_F(StoreVerifyTest, ARollbackEndsTheWalkOverTheRows) {
  Fill();
  for (const bool at_head : {true, false}) {
    const auto disk = fs_.Clone();
    options_.undo_depth = at_head ? 128 : 0;  // without undo records the view is a clone
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(*disk, options_));
    const Version version = at_head ? kVersions : 36;
    ASSERT_OK_AND_ASSIGN(const auto held, store->ViewAt(version));
    const View& view = static_cast<const View&>(*held);  // the one that is verified
    std::thread rollback;
    const auto report = InterruptedVerify(
        *store,
        {.depth = VerifyDepth::kFull,
         .at = at_head ? std::nullopt : std::optional<Version>(version),
         .snapshot = std::nullopt},
        fmt::format("version {} rows of", version), [&] {
          rollback =
              std::thread([&] { EXPECT_OK(store->admin().Rollback(33, RollbackChoice::kReplay)); });
          while (!view.ending()) {
            std::this_thread::yield();
          }
        });
    rollback.join();
    EXPECT_THAT(report, AllOf(StatusIs(StatusCode::kAborted), HasReason(Reason::kRolledBack)));
    ExpectStateAt(*store, history_, 33);
    ASSERT_OK_AND_ASSIGN(const VerifyReport again, Verify(*store, VerifyDepth::kFull));
    EXPECT_THAT(again.findings, IsEmpty());
    EXPECT_EQ(again.version, 33);
    ASSERT_OK(store->Close());
  }
}

TEST_F(StoreVerifyTest, ARollbackOverTheSnapshotWhoseFilesAreReadEndsIt) {
  Fill();
  for (const VerifyDepth depth : {VerifyDepth::kQuick, VerifyDepth::kFull}) {
    const auto disk = fs_.Clone();
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(*disk, options_));
    const auto report = InterruptedVerify(
        *store, {.depth = depth, .at = std::nullopt, .snapshot = std::nullopt},
        SnapshotName(30) + " files", [&] {
          // Forward again: a snapshot of the same version stands in its place.
          ASSERT_OK(store->admin().Rollback(25, RollbackChoice::kUndo));
          ASSERT_OK(CommitTo(*store, history_, depth == VerifyDepth::kQuick ? 26 : 30));
          ASSERT_OK(store->admin().CreateSnapshot());
        });
    EXPECT_THAT(report, AllOf(StatusIs(StatusCode::kAborted), HasReason(Reason::kRolledBack)));
    ASSERT_OK_AND_ASSIGN(const VerifyReport again, Verify(*store, VerifyDepth::kFull));
    EXPECT_THAT(again.findings, IsEmpty());
  }
}

// What is read already, or was cloned, is not looked for again.
TEST_F(StoreVerifyTest, ARollbackElsewhereIsNoDamage) {
  Fill();
  for (const std::string& phase :
       {SnapshotName(10) + " files", SnapshotName(30) + " rows of account",
        SnapshotName(30) + " rows of misc", std::string("changelog")}) {
    for (const RollbackChoice choice : {RollbackChoice::kUndo, RollbackChoice::kReplay}) {
      SCOPED_TRACE(phase);
      const auto disk = fs_.Clone();
      ASSERT_OK_AND_ASSIGN(auto store, OpenStore(*disk, options_));
      const auto report = InterruptedVerify(
          *store, {.depth = VerifyDepth::kFull, .at = std::nullopt, .snapshot = std::nullopt},
          phase, [&] { ASSERT_OK(store->admin().Rollback(25, choice)); });
      if (report.ok()) {
        EXPECT_THAT(report->findings, IsEmpty());
        EXPECT_EQ(report->version, 25);
      } else {
        EXPECT_THAT(report, HasReason(Reason::kRolledBack));
      }
      EXPECT_FALSE(HasScratch(*disk));
      ASSERT_OK(store->Close());
    }
  }
}

TEST_F(StoreVerifyTest, AClosedStoreEndsIt) {
  Fill();
  for (const std::string& phase : {SnapshotName(20) + " files", std::string("changelog")}) {
    SCOPED_TRACE(phase);
    const auto disk = fs_.Clone();
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(*disk, options_));
    const auto report = InterruptedVerify(
        *store, {.depth = VerifyDepth::kFull, .at = std::nullopt, .snapshot = std::nullopt}, phase,
        [&] { ASSERT_OK(store->Close()); });
    EXPECT_THAT(report.status(), Not(IsOk()));
    EXPECT_TRUE(report.status().code() == StatusCode::kCancelled ||
                ReasonOf(report.status()) == Reason::kClosed)
        << ToString(report.status());
  }
}

}  // namespace
}  // namespace flatkv::test
