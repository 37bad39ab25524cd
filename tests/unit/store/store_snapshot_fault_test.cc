// A snapshot that is damaged while it is made is refused; one that fails harms nothing.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <functional>
#include <utility>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "tests/unit/store/snapshot_fixture.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;

class StoreSnapshotFaultTest : public SnapshotFixture {};

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

TEST_F(StoreSnapshotFaultTest, ACandidateThatIsDamagedBeforeItsValidationIsRefusedNamingTheDb) {
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

TEST_F(StoreSnapshotFaultTest, FullValidationIsThatOfTheCallbackAndItsErrorIsReported) {
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

TEST_F(StoreSnapshotFaultTest, AFailingAutomaticOneNeverFailsACommitAndTheNextOneWorks) {
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

TEST_F(StoreSnapshotFaultTest, AcrossFileSystemsItIsCopiedOnlyIfAllowed) {
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

TEST_F(StoreSnapshotFaultTest, IsNotTakenOfAHeadWhoseChangelogRecordCannotBeRead) {
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

TEST_F(StoreSnapshotFaultTest, CommitsGoOnWhileOneWaits) {
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
  options_.overlay_bytes_max = 1 << 20;  // has room for all of them
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

}  // namespace
}  // namespace flatkv::test
