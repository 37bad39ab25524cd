// Snapshots: when they are taken, what they hold, how a bad one is refused, what removes them.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <map>
#include <random>

#include "tests/support/fault_file_system.h"
#include "tests/unit/store/store_admin_util.h"

namespace flatkv::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr Version kVersions = 40;

// A version of exactly one pair with a value of `bytes` bytes.
OwnedBlock BlockOf(Version version, size_t bytes) {
  OwnedBlock block(version);
  block.Set("bank", fmt::format("key{:06}", version), std::string(bytes, 'v'));
  return block;
}

// Every call of the kind on such a path fails.
FaultRule Always(FsOp op, const std::string& path_contains, int error_number) {
  FaultRule rule;
  rule.op = op;
  rule.path_contains = path_contains;
  rule.times = FaultRule::kForever;
  rule.error_number = error_number;
  return rule;
}

class StoreSnapshotTest : public ::testing::Test {
 protected:
  StoreSnapshotTest() : history_(kVersions, 25, 3) {}

  StatusOr<std::unique_ptr<Store>> Open() { return Store::Open(fault_, logger_, kHome, options_); }

  const History history_;
  StoreOptions options_ = AdminOptions();
  CollectingLogger logger_;
  MemFileSystem fs_;
  FaultFileSystem fault_{fs_};
};

TEST_F(StoreSnapshotTest, TheIntervalPolicyTakesTheFirstVersionAndEveryMultipleAndNoOther) {
  options_.snapshot.policy = SnapshotPolicy::kInterval;
  options_.snapshot.interval_versions = 6;
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  ASSERT_OK(CommitTo(*store, history_, 22));
  WaitForSnapshots(*store, 4);
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{1, 6, 12, 18}));
  const RetentionInfo retention = store->admin().Retention();
  EXPECT_EQ(retention.activity.policy, "interval");
  EXPECT_EQ(retention.activity.last_version, 18);
  EXPECT_EQ(retention.activity.failed, 0u);
  EXPECT_EQ(retention.current, 18);
  ASSERT_OK(store->Close());
  ASSERT_OK_AND_ASSIGN(store, Open());
  ASSERT_OK(CommitTo(*store, history_, 25));
  WaitForSnapshots(*store, 1);
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{1, 6, 12, 18, 24}));
}

TEST_F(StoreSnapshotTest, TheIntervalPolicyBeginsWithTheInitialVersion) {
  options_.snapshot.policy = SnapshotPolicy::kInterval;
  options_.snapshot.interval_versions = 10;
  options_.initial_version = 107;
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  for (Version version = 107; version <= 131; ++version) {
    ASSERT_OK(CommitOwned(*store, BlockOf(version, 10)));
  }
  WaitForSnapshots(*store, 4);
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{107, 110, 120, 130}));
}

TEST_F(StoreSnapshotTest, OneThatACrashPreventedIsTakenAtTheNextOpen) {
  options_.snapshot.policy = SnapshotPolicy::kManual;
  FillStore(fs_, options_, history_, {}, /*close=*/false);
  options_.snapshot.policy = SnapshotPolicy::kInterval;
  options_.snapshot.interval_versions = 32;
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  WaitForSnapshots(*store, 1);
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{kVersions}));
}

TEST_F(StoreSnapshotTest, TheSizeRatioPolicyWaitsForTheFactorOfTheFloorAndThenOfTheLastSnapshot) {
  options_.snapshot.policy = SnapshotPolicy::kSizeRatio;
  options_.snapshot.size_ratio = 2;
  options_.snapshot.size_ratio_floor_bytes = 4000;
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  Version version = 0;
  // A little more than 1,000 bytes of changelog each: the eighth passes 2 * 4,000.
  while (version < 7) {
    ASSERT_OK(CommitOwned(*store, BlockOf(++version, 1000)));
  }
  ASSERT_OK(store->Flush());
  EXPECT_EQ(SnapshotsOnDisk(fs_), std::vector<Version>());
  ASSERT_OK(CommitOwned(*store, BlockOf(++version, 1000)));
  WaitForSnapshots(*store, 1);
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{8}));
  ASSERT_OK_AND_ASSIGN(const SnapshotSummary first, store->admin().ShowSnapshot(8));
  const uint64_t bytes = first.manifest.TotalBytes();
  ASSERT_GT(bytes, options_.snapshot.size_ratio_floor_bytes);
  while (static_cast<uint64_t>(version - 8 + 1) * 1100 < 2 * bytes) {
    ASSERT_OK(CommitOwned(*store, BlockOf(++version, 1000)));
  }
  ASSERT_OK(store->Flush());
  EXPECT_EQ(store->admin().Retention().activity.taken, 1u);
  while (static_cast<uint64_t>(version - 8) * 1000 < 2 * bytes) {
    ASSERT_OK(CommitOwned(*store, BlockOf(++version, 1000)));
  }
  WaitForSnapshots(*store, 2);
  EXPECT_EQ(SnapshotsOnDisk(fs_).size(), 2u);
  EXPECT_EQ(store->admin().Retention().activity.policy, "size-ratio");
}

TEST_F(StoreSnapshotTest, TheSizeRatioPolicyCountsTheChangelogOfEarlierRuns) {
  options_.snapshot.policy = SnapshotPolicy::kSizeRatio;
  options_.snapshot.size_ratio = 2;
  options_.snapshot.size_ratio_floor_bytes = 4000;
  for (Version version = 1; version <= 10; ++version) {
    ASSERT_OK_AND_ASSIGN(auto store, Open());
    ASSERT_OK(CommitOwned(*store, BlockOf(version, 1000)));
    ASSERT_OK(store->Close());
  }
  // Whether a close gave one up half-way or not: the next open takes what is overdue.
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  ASSERT_OK(store->Flush());
  while (store->admin().Retention().snapshots.empty()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(SnapshotsOnDisk(fs_).size(), 1u);
}

TEST_F(StoreSnapshotTest, TheManualPolicyTakesNone) {
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  ASSERT_OK(CommitTo(*store, history_, kVersions));
  ASSERT_OK(store->Flush());
  ASSERT_OK(store->Close());
  EXPECT_EQ(SnapshotsOnDisk(fs_), std::vector<Version>());
  ASSERT_OK_AND_ASSIGN(store, Open());
  EXPECT_EQ(store->admin().Retention().activity.policy, "manual");
  ASSERT_OK(store->Close());
  EXPECT_EQ(SnapshotsOnDisk(fs_), std::vector<Version>());
}

TEST_F(StoreSnapshotTest, KeepRecentIsTheNumberOfOlderOnes) {
  options_.snapshot.policy = SnapshotPolicy::kInterval;
  options_.snapshot.interval_versions = 5;
  const std::vector<std::vector<Version>> expected = {{20}, {15, 20}, {10, 15, 20}};
  for (const uint64_t keep : {0u, 1u, 2u}) {
    MemFileSystem fs;
    options_.snapshot.keep_recent = keep;
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs, options_));
    ASSERT_OK(CommitTo(*store, history_, 23));
    WaitForSnapshots(*store, 5);
    EXPECT_EQ(SnapshotsOnDisk(fs), expected[keep]);
    EXPECT_EQ(store->admin().Retention().snapshots, expected[keep]);
    ASSERT_OK(store->Close());
  }
}

TEST_F(StoreSnapshotTest, IsRefusedOnAStoreWithoutAVersion) {
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  EXPECT_THAT(store->admin().CreateSnapshot(),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("no version yet")));
  EXPECT_EQ(SnapshotsOnDisk(fs_), std::vector<Version>());
  EXPECT_THAT(store->admin().ShowSnapshot(1),
              AllOf(StatusIs(StatusCode::kNotFound), HasReason(Reason::kSnapshotMissing)));
}

TEST_F(StoreSnapshotTest, ASecondOneOfTheSameHeadIsTheFirst) {
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  ASSERT_OK(CommitTo(*store, history_, 9));
  ASSERT_OK_AND_ASSIGN(const SnapshotSummary first, store->admin().CreateSnapshot());
  const std::string before = TreeDigest(fs_, InStore(SnapshotName(9)));
  ASSERT_OK_AND_ASSIGN(const SnapshotSummary second, store->admin().CreateSnapshot());
  EXPECT_EQ(second.manifest, first.manifest);
  EXPECT_TRUE(second.is_current);
  EXPECT_EQ(TreeDigest(fs_, InStore(SnapshotName(9))), before);
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{9}));
}

TEST_F(StoreSnapshotTest, ChangesThatAreAppliedAndNotCommittedAreNotInIt) {
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  ASSERT_OK(CommitTo(*store, history_, 9));
  ASSERT_OK(store->ApplyChangeSets(10, history_.block(10).changes()));
  ASSERT_OK_AND_ASSIGN(const SnapshotSummary snapshot, store->admin().CreateSnapshot());
  EXPECT_EQ(snapshot.manifest.version, 9);
  EXPECT_EQ(snapshot.manifest.root, history_.root(9));
  EXPECT_EQ(store->Info().pending_version, 10);
  ASSERT_OK_AND_ASSIGN(const CommitResult committed, store->Commit(10));
  EXPECT_EQ(committed.root, history_.root(10));
}

TEST_F(StoreSnapshotTest, ItsManifestSaysWhatTheStoreSays) {
  options_.build = "build of the test";
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  for (const Version version : std::vector<Version>{1, 17, kVersions}) {
    ASSERT_OK(CommitTo(*store, history_, version));
    ASSERT_OK_AND_ASSIGN(const SnapshotSummary snapshot, store->admin().CreateSnapshot());
    const StoreInfo info = store->Info();
    const SnapshotManifest& manifest = snapshot.manifest;
    EXPECT_EQ(manifest.store_id, info.store_id);
    EXPECT_EQ(manifest.build, "build of the test");
    EXPECT_EQ(manifest.suite, info.suite);
    EXPECT_EQ(manifest.version, version);
    EXPECT_EQ(manifest.initial_version, 1);
    EXPECT_EQ(manifest.wal_from, version + 1);
    EXPECT_EQ(Hex(manifest.root), Hex(history_.root(version)));
    for (const DataDb db : kAllDataDbs) {
      EXPECT_EQ(manifest.dbs[IndexOf(db)].checksum, info.dbs[IndexOf(db)].checksum);
      EXPECT_EQ(manifest.dbs[IndexOf(db)].rows, info.dbs[IndexOf(db)].rows);
      EXPECT_EQ(manifest.dbs[IndexOf(db)].bytes, info.dbs[IndexOf(db)].bytes);
    }
    std::vector<std::string> named;
    for (const SnapshotFile& file : manifest.files) {
      named.push_back(InStore(JoinPath(SnapshotName(version), file.path)));
    }
    std::vector<std::string> there = FilesBelow(fs_, InStore(SnapshotName(version)));
    std::erase(there, InStore(JoinPath(SnapshotName(version), kSnapshotManifestName)));
    EXPECT_EQ(there, named);
  }
  ASSERT_OK_AND_ASSIGN(const auto all, store->admin().Snapshots());
  ASSERT_EQ(all.size(), 3u);
  EXPECT_NE(all[0].manifest.operation_id, all[1].manifest.operation_id);
  EXPECT_FALSE(all[1].is_current);
  EXPECT_TRUE(all[2].is_current);
}

TEST_F(StoreSnapshotTest, NeverChangesThroughCommitsCompactionsRollbacksAndReopening) {
  options_.snapshot.policy = SnapshotPolicy::kInterval;
  options_.snapshot.interval_versions = 40;
  options_.snapshot.keep_recent = 3;
  options_.wal_segment_bytes = 64 << 10;
  std::map<Version, std::string> digests;
  Version version = 0;
  RandomBlocks random(19);
  for (int round = 0; round < 4; ++round) {
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options_));
    for (int i = 0; i < 600; ++i) {
      ASSERT_OK(CommitOwned(*store, random.Next(++version, 12)));
      if (version % 150 == 7) {
        ASSERT_OK_AND_ASSIGN(const SnapshotSummary snapshot, store->admin().CreateSnapshot());
        ASSERT_OK(store->admin().PinSnapshot(snapshot.manifest.version, "digest kept"));
        digests[version] = TreeDigest(fs_, InStore(SnapshotName(version)));
      }
    }
    // Back over the newest of them, and forward on another timeline.
    const Version target = version - 30;
    ASSERT_OK(store->admin().Rollback(
        target, round % 2 == 0 ? RollbackChoice::kReplay : RollbackChoice::kUndo));
    digests.erase(digests.upper_bound(target), digests.end());
    version = target;
    if (round == 2) {
      store.reset();  // killed
    } else {
      ASSERT_OK(store->Close());
    }
  }
  ASSERT_GT(digests.size(), 10u);
  for (const auto& [at, digest] : digests) {
    EXPECT_EQ(TreeDigest(fs_, InStore(SnapshotName(at))), digest) << at;
  }
}

// ---- Validation of a candidate.

// Replaces a file of the candidate by a damaged copy of its own at the first call `at` on it, so
// that the table that it was linked from stays whole.
class CandidateDamage {
 public:
  CandidateDamage(MemFileSystem& fs, FsOp at, std::string name_part, std::string name_end,
                  std::function<void(std::string*)> damage)
      : fs_(fs),
        at_(at),
        name_part_(std::move(name_part)),
        name_end_(std::move(name_end)),
        damage_(std::move(damage)) {}

  Status operator()(const FsCall& call) {
    const std::string_view name = BaseName(call.path);
    if (call.op != at_ || done_ || call.path.find(name_part_) == std::string::npos ||
        !(name.ends_with(name_end_) || name.starts_with(name_end_))) {
      return OkStatus();
    }
    StatusOr<std::string> content = ReadFile(fs_, call.path, 1 << 24);
    if (!content.ok()) {
      return OkStatus();  // not made yet
    }
    done_ = true;
    damage_(&*content);
    RETURN_IF_ERROR(fs_.RemoveFile(call.path));
    ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> file, fs_.Create(call.path));
    RETURN_IF_ERROR(file->Append(*content));
    return file->Close();
  }
  bool done() const { return done_; }

 private:
  MemFileSystem& fs_;
  const FsOp at_;
  const std::string name_part_;
  const std::string name_end_;
  const std::function<void(std::string*)> damage_;
  std::atomic<bool> done_{false};
};

struct DamageCase {
  const char* what;
  SnapshotValidation validation;
  FsOp at;
  const char* file;  // how its name begins or ends
  std::function<void(std::string*)> damage;
};

TEST_F(StoreSnapshotTest, ACandidateThatIsDamagedBeforeItsValidationIsRefusedNamingTheDb) {
  const auto cut = [](std::string* content) { content->resize(content->size() / 2); };
  const auto flip = [](std::string* content) {
    (*content)[content->size() / 3] = static_cast<char>((*content)[content->size() / 3] ^ 0x10);
  };
  const auto wipe = [](std::string* content) { content->assign(content->size(), '\0'); };
  using enum SnapshotValidation;
  const std::vector<DamageCase> cases = {
      {"a cut table", kQuick, FsOp::kStat, ".sst", cut},
      {"a wiped table", kQuick, FsOp::kStat, ".sst", wipe},
      {"a cut manifest", kQuick, FsOp::kStat, "MANIFEST", cut},
      {"a wiped manifest", kQuick, FsOp::kStat, "MANIFEST", wipe},
      {"a wiped CURRENT", kQuick, FsOp::kStat, "CURRENT", wipe},
      {"a table cut after its digest", kQuick, FsOp::kLink, ".sst", cut},
      {"a flipped bit in a table", kFull, FsOp::kStat, ".sst", flip},
      {"a table flipped after its digest", kFull, FsOp::kLink, ".sst", flip},
      {"a wiped manifest in full", kFull, FsOp::kStat, "MANIFEST", wipe},
  };
  for (const DamageCase& damage : cases) {
    for (const std::string_view db : kDataDbNames) {
      SCOPED_TRACE(fmt::format("{} of {}", damage.what, db));
      MemFileSystem fs;
      options_.snapshot.validation = damage.validation;
      FillStore(fs, options_, history_, {20});
      FaultFileSystem fault(fs);
      CandidateDamage hook(fs, damage.at, fmt::format("{}-tmp/{}/", SnapshotName(kVersions), db),
                           damage.file, damage.damage);
      fault.SetHook([&hook](const FsCall& call) { return hook(call); });
      ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fault, options_));
      const auto snapshot = store->admin().CreateSnapshot();
      ASSERT_TRUE(hook.done());
      EXPECT_THAT(snapshot, StatusIs(StatusCode::kDataLoss, HasSubstr(db)));
      EXPECT_EQ(SnapshotsOnDisk(fs), (std::vector<Version>{20}));
      EXPECT_EQ(store->admin().Retention().current, 20);
      EXPECT_THAT(store->admin().Retention().activity.last_error, HasSubstr(db));
      // The next one is made of the tables that were never touched.
      ASSERT_OK(store->admin().CreateSnapshot());
      EXPECT_EQ(store->admin().Retention().current, kVersions);
      ExpectStateAt(*store, history_, kVersions);
      ASSERT_OK(store->Close());
    }
  }
}

TEST_F(StoreSnapshotTest, FullValidationIsThatOfTheCallbackAndItsErrorIsReported) {
  options_.snapshot.validation = SnapshotValidation::kFull;
  std::vector<std::string> clones;
  Status answer = DataLoss("the other process found row 7 wanting");
  options_.snapshot.full_validation = [&](const std::string& clone) {
    clones.push_back(clone);
    EXPECT_OK(ValidateClone(fs_, NullLogger(), clone));
    return answer;
  };
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  ASSERT_OK(CommitTo(*store, history_, 9));
  EXPECT_THAT(store->admin().CreateSnapshot(),
              StatusIs(StatusCode::kDataLoss, HasSubstr("found row 7 wanting")));
  EXPECT_EQ(SnapshotsOnDisk(fs_), std::vector<Version>());
  answer = OkStatus();
  ASSERT_OK(store->admin().CreateSnapshot());
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{9}));
  ASSERT_EQ(clones.size(), 2u);
  for (const std::string& clone : clones) {
    EXPECT_THAT(clone, HasSubstr("/scratch/"));
    EXPECT_THAT(Exists(fs_, clone), IsOk());
    EXPECT_FALSE(*Exists(fs_, clone)) << clone;
  }
  ASSERT_OK(store->Close());
  // Quick validation does not call it.
  options_.snapshot.validation = SnapshotValidation::kQuick;
  ASSERT_OK_AND_ASSIGN(store, Open());
  ASSERT_OK(CommitTo(*store, history_, 10));
  ASSERT_OK(store->admin().CreateSnapshot());
  EXPECT_EQ(clones.size(), 2u);
}

// ---- Failures.

TEST_F(StoreSnapshotTest, AFailingAutomaticOneNeverFailsACommitAndTheNextOneWorks) {
  struct Failure {
    FsOp op;
    int error_number;
  };
  options_.snapshot.policy = SnapshotPolicy::kInterval;
  options_.snapshot.interval_versions = 10;
  for (const Failure failure :
       {Failure{FsOp::kMakeDir, ENOSPC}, Failure{FsOp::kCreate, ENOSPC},
        Failure{FsOp::kAppend, ENOSPC}, Failure{FsOp::kSync, EIO}, Failure{FsOp::kLink, EXDEV},
        Failure{FsOp::kSyncDir, EIO}, Failure{FsOp::kRename, EIO}}) {
    SCOPED_TRACE(FsOpName(failure.op));
    MemFileSystem fs;
    FaultFileSystem fault(fs);
    CollectingLogger logger;
    ASSERT_OK_AND_ASSIGN(auto store, Store::Open(fault, logger, kHome, options_));
    ASSERT_OK(CommitTo(*store, history_, 5));
    WaitForSnapshots(*store, 1);
    fault.AddRule(Always(failure.op, SnapshotName(10) + "-tmp", failure.error_number));
    ASSERT_OK(CommitTo(*store, history_, 19));
    WaitForSnapshots(*store, 2);
    const SnapshotActivity failed = store->admin().Retention().activity;
    EXPECT_EQ(failed.failed, 1u);
    EXPECT_EQ(failed.taken, 1u);
    EXPECT_EQ(failed.last_version, 1);
    EXPECT_THAT(failed.last_error, HasSubstr("snapshot 10"));
    EXPECT_THAT(logger.Complaints(), HasSubstr("snapshot.failed: snapshot of version 10"));
    EXPECT_OK(store->Health());
    ASSERT_OK(CommitTo(*store, history_, 20));
    WaitForSnapshots(*store, 3);
    const SnapshotActivity next = store->admin().Retention().activity;
    EXPECT_EQ(next.taken, 2u);
    EXPECT_EQ(next.last_error, "");
    EXPECT_EQ(SnapshotsOnDisk(fs), (std::vector<Version>{1, 20}));
    ExpectStateAt(*store, history_, 20);
    ASSERT_OK(store->Close());
  }
}

TEST_F(StoreSnapshotTest, AcrossFileSystemsItIsCopiedOnlyIfAllowed) {
  fault_.AddRule(Always(FsOp::kLink, "", EXDEV));
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  ASSERT_OK(CommitTo(*store, history_, 9));
  EXPECT_THAT(store->admin().CreateSnapshot().status(), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_EQ(SnapshotsOnDisk(fs_), std::vector<Version>());
  ASSERT_OK(store->Close());
  options_.snapshot.allow_copy = true;
  ASSERT_OK_AND_ASSIGN(store, Open());
  ASSERT_OK(CommitTo(*store, history_, 12));
  ASSERT_OK(store->admin().CreateSnapshot());
  ASSERT_OK(CommitTo(*store, history_, 15));
  ASSERT_OK(store->admin().Rollback(13, RollbackChoice::kReplay));
  ExpectStateAt(*store, history_, 13);
}

TEST_F(StoreSnapshotTest, IsNotTakenOfAHeadWhoseChangelogRecordCannotBeRead) {
  FillStore(fs_, options_, history_, {});
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  // The record ties the snapshot to its history: without it the next open would refuse the store.
  fault_.AddRule(Always(FsOp::kRead, "/changelog/", EIO));
  const auto snapshot = store->admin().CreateSnapshot();
  fault_.ClearRules();
  if (snapshot.ok()) {
    ASSERT_OK_AND_ASSIGN(const auto whole, store->admin().CreateSnapshot());
    EXPECT_NE(whole.manifest.content_digest, Digest{});
  }
  ASSERT_OK(store->Close());
  ASSERT_OK_AND_ASSIGN(store, Open());
  EXPECT_EQ(store->Info().root, history_.root(kVersions));
}

TEST_F(StoreSnapshotTest, CommitsGoOnWhileOneWaits) {
  Mutex mu;
  CondVar changed;
  bool waiting = false;
  bool open = false;
  fault_.SetHook([&](const FsCall& call) {
    if (call.op == FsOp::kLink && call.path.find("/working/") != std::string::npos) {
      MutexLock lock(mu);
      waiting = true;
      changed.NotifyAll();
      while (!open) {
        changed.Wait(mu);
      }
    }
    return OkStatus();
  });
  options_.snapshot.policy = SnapshotPolicy::kInterval;
  options_.snapshot.interval_versions = 10;
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  ASSERT_OK(CommitTo(*store, history_, 1));
  {
    MutexLock lock(mu);
    while (!waiting) {
      changed.Wait(mu);
    }
  }
  // Also over versions 10 and 20, whose snapshots queue behind it.
  ASSERT_OK(CommitTo(*store, history_, 25));
  EXPECT_EQ(store->admin().Retention().activity.running, 1);
  EXPECT_EQ(Hex(store->Info().root), Hex(history_.root(25)));
  for (const std::string& module : HistoryModules()) {
    EXPECT_EQ(Walk(*store, {.module = module}), history_.PairsAt(25, module));
  }
  {
    MutexLock lock(mu);
    open = true;
  }
  changed.NotifyAll();
  WaitForSnapshots(*store, 3);
  ASSERT_OK_AND_ASSIGN(const auto snapshots, store->admin().Snapshots());
  ASSERT_EQ(snapshots.size(), 3u);
  for (const SnapshotSummary& snapshot : snapshots) {
    EXPECT_EQ(snapshot.manifest.root, history_.root(snapshot.manifest.version));
  }
  ExpectStateAt(*store, history_, 25);
}

// ---- Pins, removal, prune.

TEST_F(StoreSnapshotTest, PruneTakesNeitherTheCurrentNorPinnedNorLeasedOnes) {
  options_.undo_depth = 0;
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  for (const Version version : std::vector<Version>{5, 10, 15, 20, 25, 30}) {
    ASSERT_OK(CommitTo(*store, history_, version));
    ASSERT_OK(store->admin().CreateSnapshot());
  }
  ASSERT_OK_AND_ASSIGN(const Pin pin, store->admin().PinSnapshot(10, "audit"));
  ASSERT_OK_AND_ASSIGN(auto view, store->ViewAt(22));
  ASSERT_OK_AND_ASSIGN(const SnapshotSummary leased, store->admin().ShowSnapshot(20));
  EXPECT_EQ(leased.leases, 1u);
  ASSERT_OK_AND_ASSIGN(const PrunePlan plan, store->admin().PlanPrune(0));
  EXPECT_EQ(plan.snapshots, (std::vector<Version>{5, 15, 25}));
  EXPECT_EQ(plan.wal_below, 10);
  EXPECT_EQ(SnapshotsOnDisk(fs_).size(), 6u);
  ASSERT_OK_AND_ASSIGN(const PrunePlan done, store->admin().Prune(0));
  EXPECT_EQ(done.snapshots, plan.snapshots);
  EXPECT_EQ(done.wal_below, plan.wal_below);
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{10, 20, 30}));
  EXPECT_EQ(view->root(), history_.root(22));
  ASSERT_OK_AND_ASSIGN(const auto old, store->ViewAt(10));
  EXPECT_EQ(old->root(), history_.root(10));
}

TEST_F(StoreSnapshotTest, RemoveRefusesWhatIsInUseAndSaysWhatHoldsIt) {
  options_.undo_depth = 0;
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  for (const Version version : std::vector<Version>{5, 10, 15, 20}) {
    ASSERT_OK(CommitTo(*store, history_, version));
    ASSERT_OK(store->admin().CreateSnapshot());
  }
  StoreAdmin& admin = store->admin();
  EXPECT_THAT(admin.RemoveSnapshot(20),
              AllOf(StatusIs(StatusCode::kFailedPrecondition, HasSubstr("current")),
                    HasReason(Reason::kSnapshotInUse)));
  ASSERT_OK_AND_ASSIGN(const Pin pin, admin.PinSnapshot(5, "audit of May"));
  EXPECT_THAT(admin.RemoveSnapshot(5),
              AllOf(StatusIs(StatusCode::kFailedPrecondition,
                             AllOf(HasSubstr(pin.id), HasSubstr("audit of May"))),
                    HasReason(Reason::kSnapshotInUse)));
  ASSERT_OK_AND_ASSIGN(auto view, store->ViewAt(12));
  EXPECT_THAT(admin.RemoveSnapshot(10),
              AllOf(StatusIs(StatusCode::kFailedPrecondition), HasReason(Reason::kSnapshotInUse)));
  EXPECT_THAT(admin.RemoveSnapshot(11),
              AllOf(StatusIs(StatusCode::kNotFound, HasSubstr("5, 10, 15, 20")),
                    HasReason(Reason::kSnapshotMissing)));
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{5, 10, 15, 20}));
  ASSERT_OK(admin.RemoveSnapshot(15));
  ASSERT_OK(admin.ReleasePin(pin.id));
  ASSERT_OK(admin.RemoveSnapshot(5));
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{10, 20}));
}

TEST_F(StoreSnapshotTest, APinGoesOnlyByItsIdAndSurvivesReopening) {
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  ASSERT_OK(CommitTo(*store, history_, 5));
  ASSERT_OK(store->admin().CreateSnapshot());
  ASSERT_OK_AND_ASSIGN(const Pin first, store->admin().PinSnapshot(5, "one"));
  ASSERT_OK_AND_ASSIGN(const Pin second, store->admin().PinSnapshot(5, "one"));
  EXPECT_NE(first.id, second.id);
  EXPECT_THAT(store->admin().PinSnapshot(5, ""), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(store->admin().PinSnapshot(4, "why"), HasReason(Reason::kSnapshotMissing));
  ASSERT_OK(store->Close());
  ASSERT_OK_AND_ASSIGN(store, Open());
  EXPECT_EQ(store->admin().Retention().pins.size(), 2u);
  EXPECT_THAT(store->admin().ReleasePin("0123456789abcdef"), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(store->admin().ReleasePin("one"), StatusIs(StatusCode::kInvalidArgument));
  ASSERT_OK(store->admin().ReleasePin(first.id));
  EXPECT_THAT(store->admin().ReleasePin(first.id), StatusIs(StatusCode::kNotFound));
  ASSERT_OK_AND_ASSIGN(const auto left, store->admin().ListPins());
  EXPECT_EQ(left, (std::vector<Pin>{second}));
}

TEST_F(StoreSnapshotTest, RetentionStillListsTheOthersWhenOneManifestIsDamaged) {
  FillStore(fs_, options_, history_, {10, 20, 30});
  fs_.FlipBit(InStore(JoinPath(SnapshotName(10), kSnapshotManifestName)), 30, 1);
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  EXPECT_THAT(store->admin().Snapshots(),
              StatusIs(StatusCode::kDataLoss, HasSubstr(SnapshotName(10))));
  const RetentionInfo retention = store->admin().Retention();
  EXPECT_EQ(retention.current, 30);
  EXPECT_EQ(retention.snapshots, (std::vector<Version>{10, 20, 30}));
}

// Every version that is advertised as retained can be viewed, whatever happened before; and what is
// retained begins at the oldest snapshot at the latest.
TEST_F(StoreSnapshotTest, EveryRetainedVersionIsReachableThroughRandomOperations) {
  for (const uint64_t seed : {1u, 2u, 3u, 4u}) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random(seed);
    const auto below = [&random](uint64_t bound) { return random() % bound; };
    MemFileSystem fs;
    options_.undo_depth = seed % 2 == 0 ? 0 : 8;
    options_.wal_segment_bytes = 300;
    options_.snapshot.policy = seed > 2 ? SnapshotPolicy::kInterval : SnapshotPolicy::kManual;
    options_.snapshot.interval_versions = 4;
    options_.snapshot.keep_recent = 2;
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs, options_));
    std::map<std::string, Version> pins;
    for (int step = 0; step < 120; ++step) {
      const Version head = store->Info().version;
      StoreAdmin& admin = store->admin();
      switch (below(9)) {
        case 0:
          if (head > 0) {
            ASSERT_OK(admin.CreateSnapshot());
          }
          break;
        case 1: {
          const std::vector<Version> snapshots = SnapshotsOnDisk(fs);
          if (!snapshots.empty()) {
            const auto pin = admin.PinSnapshot(snapshots[below(snapshots.size())], "any");
            if (pin.ok()) {  // else it was pruned meanwhile
              pins[pin->id] = pin->version;
            }
          }
          break;
        }
        case 2:
          if (!pins.empty()) {
            ASSERT_OK(admin.ReleasePin(pins.begin()->first));
            pins.erase(pins.begin());
          }
          break;
        case 3:
          ASSERT_OK(admin.Prune(below(3)));
          break;
        case 4: {
          const Version oldest = admin.Retention().oldest_retained;
          if (oldest > 0) {
            const Version target =
                oldest + static_cast<Version>(below(static_cast<uint64_t>(head - oldest + 1)));
            ASSERT_OK(admin.Rollback(target, RollbackChoice::kAuto));
            std::erase_if(pins, [&](const auto& pin) { return pin.second > target; });
          }
          break;
        }
        case 5: {
          ASSERT_OK(store->Close());
          ASSERT_OK_AND_ASSIGN(store, OpenStore(fs, options_));
          break;
        }
        default:
          ASSERT_OK(CommitTo(*store, history_, std::min(head + 3, kVersions)));
          break;
      }
      const RetentionInfo retention = store->admin().Retention();
      const Version now = store->Info().version;
      ASSERT_EQ(store->Info().root, history_.root(now)) << "step " << step;
      if (now == 0) {
        continue;
      }
      ASSERT_GE(retention.oldest_retained, 1);
      if (!retention.snapshots.empty() && retention.current != 0) {
        ASSERT_LE(retention.oldest_retained, retention.snapshots.front()) << "step " << step;
      }
      for (const auto& [id, version] : pins) {
        ASSERT_THAT(SnapshotsOnDisk(fs), ::testing::Contains(version)) << "step " << step;
      }
      for (Version version = retention.oldest_retained; version <= now;
           version += 1 + static_cast<Version>(below(4))) {
        const auto view = store->ViewAt(version);
        ASSERT_THAT(view, IsOk()) << "step " << step << " version " << version;
        ASSERT_EQ(Hex((*view)->root()), Hex(history_.root(version)));
      }
    }
    ASSERT_OK(store->Close());
  }
}

}  // namespace
}  // namespace flatkv::test
