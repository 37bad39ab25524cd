// Opening: what is refused and how it is said, what is healed, what is reported.
#include <gtest/gtest.h>

#include "flatkv/fs/durable.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/random_blocks.h"
#include "tests/support/tree_digest.h"
#include "tests/unit/store/store_test_util.h"

namespace flatkv::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kDirectory[] = "/home/flatkv";

class StoreOpenTest : public ::testing::Test {
 protected:
  // Commits `versions` random blocks and closes, or abandons the store as a kill does.
  void Fill(Version versions, bool close = true) {
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options_));
    RandomBlocks random(7);
    for (Version version = 1; version <= versions; ++version) {
      ASSERT_OK_AND_ASSIGN(const CommitResult result,
                           CommitOwned(*store, random.Next(version, 30)));
      root_ = result.root;
    }
    if (close) {
      ASSERT_OK(store->Close());
    }
  }
  // Opening fails so, and leaves every file as it was.
  void ExpectRefused(StatusCode code, Reason reason,
                     const ::testing::Matcher<std::string>& message) {
    const std::string before = TreeDigest(fs_, kDirectory);
    const auto store = OpenStore(fs_, options_);
    EXPECT_THAT(store, StatusIs(code, message));
    EXPECT_THAT(store, HasReason(reason));
    EXPECT_EQ(TreeDigest(fs_, kDirectory), before);
  }
  std::string FirstSegment() {
    const auto names = fs_.List(std::string(kDirectory) + "/changelog");
    EXPECT_OK(names);
    return std::string(kDirectory) + "/changelog/" + names->front();
  }

  MemFileSystem fs_;
  StoreOptions options_ = SmallStoreOptions();
  Digest root_{};
};

TEST_F(StoreOpenTest, KeepsItsSuiteAndRefusesAnother) {
  Fill(3);
  options_.suite = Suite::kBlake3;
  const auto store = OpenStore(fs_, options_);
  EXPECT_THAT(store, StatusIs(StatusCode::kFailedPrecondition,
                              AllOf(HasSubstr("has suite sha256"), HasSubstr("asks for blake3"))));
  EXPECT_THAT(store, HasReason(Reason::kSuiteMismatch));
  options_.suite.reset();
  ASSERT_OK_AND_ASSIGN(auto kept, OpenStore(fs_, options_));
  EXPECT_EQ(kept->Info().suite, Suite::kSha256);
  EXPECT_EQ(kept->Info().root, root_);
}

TEST_F(StoreOpenTest, BeginsAtTheInitialVersionAndKeepsIt) {
  options_.initial_version = 100;
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options_));
  EXPECT_EQ(store->Info().version, 99);
  EXPECT_THAT(store->Commit(1), StatusIs(StatusCode::kOutOfRange));
  EXPECT_THAT(store->Commit(101), HasReason(Reason::kVersionGap));
  ASSERT_OK(store->Commit(100));
  ASSERT_OK(store->Close());
  store.reset();
  options_.initial_version = 1;
  EXPECT_THAT(OpenStore(fs_, options_), HasReason(Reason::kIncompatibleFormat));
  options_.initial_version.reset();
  ASSERT_OK_AND_ASSIGN(store, OpenStore(fs_, options_));
  EXPECT_EQ(store->Info().version, 100);
  EXPECT_EQ(store->Info().oldest_version, 100);
}

TEST_F(StoreOpenTest, RefusesAnInitialVersionBelowOne) {
  options_.initial_version = 0;
  EXPECT_THAT(OpenStore(fs_, options_),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("at least 1")));
}

TEST_F(StoreOpenTest, ASecondOpenIsRefusedNamingTheHolder) {
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options_));
  const auto second = OpenStore(fs_, options_);
  EXPECT_THAT(second, StatusIs(StatusCode::kFailedPrecondition, HasSubstr("held by process")));
  EXPECT_THAT(second, HasReason(Reason::kLocked));
  ASSERT_OK(store->Close());
  EXPECT_OK(OpenStore(fs_, options_));
}

TEST_F(StoreOpenTest, ReplaysAfterAKillAndSaysSo) {
  Fill(5, /*close=*/false);
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options_));
  EXPECT_EQ(store->recovery().replayed_from, 1);
  EXPECT_EQ(store->recovery().replayed_to, 5);
  EXPECT_EQ(store->Info().root, root_);
}

TEST_F(StoreOpenTest, RebuildsTheDataDbsWhenTheyAreGone) {
  Fill(8);
  ASSERT_OK(RemoveTreeDurably(fs_, std::string(kDirectory) + "/working"));
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options_));
  EXPECT_EQ(store->Info().root, root_);
  EXPECT_OK(store->VerifyRows());
}

TEST_F(StoreOpenTest, RebuildsOneDataDbWhenItIsGone) {
  for (const std::string_view name : kDataDbNames) {
    Fill(8);
    ASSERT_OK(RemoveTreeDurably(fs_, std::string(kDirectory) + "/working/" + std::string(name)));
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options_));
    EXPECT_EQ(store->Info().root, root_) << name;
    EXPECT_OK(store->VerifyRows());
    ASSERT_OK(store->Close());
    store.reset();
    ASSERT_OK(RemoveTreeDurably(fs_, kHome));
  }
}

TEST_F(StoreOpenTest, RefusesAMissingChangelog) {
  Fill(3);
  ASSERT_OK(RemoveTreeDurably(fs_, std::string(kDirectory) + "/changelog"));
  ExpectRefused(StatusCode::kDataLoss, Reason::kChangelogCorrupt,
                HasSubstr("changelog is missing"));
}

TEST_F(StoreOpenTest, RefusesAnEmptyChangelogBesideFilledDataDbs) {
  Fill(3);
  ASSERT_OK(RemoveFileDurably(fs_, FirstSegment()));
  EXPECT_THAT(OpenStore(fs_, options_), HasReason(Reason::kChangelogCorrupt));
}

TEST_F(StoreOpenTest, RefusesAMissingOrDamagedIdentity) {
  Fill(3);
  const std::string path = std::string(kDirectory) + "/IDENTITY";
  ASSERT_OK_AND_ASSIGN(const std::string good, ReadFile(fs_, path, 4096));
  for (size_t offset = 0; offset < good.size(); ++offset) {
    fs_.FlipBit(path, offset, 0);
    const auto store = OpenStore(fs_, options_);
    EXPECT_TRUE(store.status().code() == StatusCode::kDataLoss ||
                store.status().code() == StatusCode::kFailedPrecondition)
        << offset << ": " << ToString(store.status());
    fs_.FlipBit(path, offset, 0);
  }
  ASSERT_OK(RemoveFileDurably(fs_, path));
  ExpectRefused(StatusCode::kDataLoss, Reason::kUnspecified,
                HasSubstr("IDENTITY is missing while"));
}

TEST_F(StoreOpenTest, RefusesANewerFormat) {
  Fill(1);
  fs_.Overwrite(std::string(kDirectory) + "/IDENTITY", "flatkv-store 2\nanything\n");
  ExpectRefused(StatusCode::kFailedPrecondition, Reason::kIncompatibleFormat,
                HasSubstr("format 2"));
}

TEST_F(StoreOpenTest, ACorruptByteInTheChangelogIsRefusedWithItsFileAndLosesNothing) {
  Fill(5, /*close=*/false);
  const std::string segment = FirstSegment();
  ASSERT_OK_AND_ASSIGN(const FileInfo info, fs_.Stat(segment));
  size_t refused = 0;
  for (uint64_t offset = 0; offset < info.size_bytes; offset += 7) {
    SCOPED_TRACE("offset " + std::to_string(offset));
    auto disk = fs_.Clone();
    disk->FlipBit(segment, offset, static_cast<unsigned>(offset % 8));
    const std::string before = TreeDigest(*disk, std::string(kDirectory) + "/changelog");
    const auto store = OpenStore(*disk, options_);
    if (store.ok()) {
      // Seals repeat what their record says: without one nothing is lost.
      EXPECT_EQ((*store)->Info().version, 5);
      EXPECT_EQ((*store)->Info().root, root_);
    } else {
      ++refused;
      EXPECT_THAT(store, HasReason(Reason::kChangelogCorrupt));
      EXPECT_THAT(std::string(MessageOf(store.status())), HasSubstr(segment));
      EXPECT_EQ(TreeDigest(*disk, std::string(kDirectory) + "/changelog"), before);
    }
  }
  EXPECT_GT(refused, info.size_bytes / 7 * 9 / 10);
}

TEST_F(StoreOpenTest, ATornTailIsCutReportedAndRefusedUnderTheStrictPolicy) {
  Fill(5, /*close=*/false);
  const std::string segment = FirstSegment();
  {
    ASSERT_OK_AND_ASSIGN(auto file, fs_.OpenAppend(segment));
    ASSERT_OK(file->Append("FKR1 and the beginning of a record that was never acknowledged"));
    ASSERT_OK(file->Close());
  }
  options_.wal_torn_tail = TornTail::kRefuse;
  const auto refused = OpenStore(fs_, options_);
  EXPECT_THAT(refused, StatusIs(StatusCode::kFailedPrecondition, HasSubstr("cuts them off")));
  EXPECT_THAT(refused, HasReason(Reason::kChangelogCorrupt));
  options_.wal_torn_tail = TornTail::kRepair;
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options_));
  EXPECT_EQ(store->recovery().torn_bytes, 62u);
  EXPECT_THAT(store->recovery().torn_file, HasSubstr(".wal"));
  EXPECT_EQ(store->Info().root, root_);
}

TEST_F(StoreOpenTest, ADamagedDataDbIsSetAsideAndMadeAnewFromTheChangelog) {
  Fill(8);
  // Damage a table so that its checksum fails: nothing wrong is served.
  const std::string directory = std::string(kDirectory) + "/working/misc";
  ASSERT_OK_AND_ASSIGN(const std::vector<std::string> names, fs_.List(directory));
  bool damaged = false;
  for (const std::string& name : names) {
    if (name.ends_with(".ldb")) {
      fs_.FlipBit(directory + "/" + name, 20, 3);
      damaged = true;
    }
  }
  ASSERT_TRUE(damaged);
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options_));
  EXPECT_EQ(store->Info().root, root_);
  EXPECT_THAT(store->recovery().working_rebuilt, HasSubstr("misc"));
  ASSERT_EQ(store->recovery().set_aside.size(), 1u);
  ASSERT_OK_AND_ASSIGN(const auto quarantine, store->admin().ListQuarantine());
  ASSERT_EQ(quarantine.size(), 1u);
  EXPECT_EQ(quarantine[0].item, "working");
  EXPECT_OK(store->VerifyRows());
}

}  // namespace
}  // namespace flatkv::test
