// Goal: whatever is exported and imported is the same state, goes on as the original does, and an
// archive that is not right changes nothing.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "flatkv/archive/archive_reader.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/snapshot/store_swap.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/tree_digest.h"
#include "tests/unit/store/archive_fixture.h"

namespace flatkv::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Export, import, export: the archives have the same bytes, and versions that are committed on top
// have the roots that the original gives them.
void ExpectRoundTrip(const std::vector<OwnedBlock>& blocks, size_t exported, Suite suite) {
  MemFileSystem disk;
  auto original = StoreOf(disk, "/one", blocks, blocks.size(), suite);
  ASSERT_OK(original);
  const Version version = blocks[exported - 1].version();
  ASSERT_OK(ExportStore(disk, **original, "/a1", version));
  const auto imported = ImportArchive(disk, NullLogger(), "/a1", ImportTo("/two"), nullptr);
  ASSERT_OK(imported);
  EXPECT_THAT(*disk.List("/two"), ElementsAre("flatkv"));
  StoreOptions options = SmallStoreOptions(suite);
  options.suite.reset();
  auto copy = Store::Open(disk, NullLogger(), "/two", options);
  ASSERT_OK(copy);
  EXPECT_FALSE((*copy)->recovery().was_dirty);
  EXPECT_EQ((*copy)->Info().store_id, imported->store_id);
  EXPECT_NE((*copy)->Info().store_id, (*original)->Info().store_id);
  EXPECT_EQ((*copy)->CommittedRoot().version, version);
  EXPECT_EQ((*copy)->CommittedRoot().root, *(*original)->RootAt(version));
  ASSERT_OK((*copy)->VerifyRows());
  ASSERT_OK(ExportStore(disk, **copy, "/a2"));
  EXPECT_EQ(TreeText(disk, "/a1"), TreeText(disk, "/a2"));
  // The last version again is recognised, and the next ones go on.
  for (size_t i = exported - 1; i < blocks.size(); ++i) {
    const auto committed = CommitOwned(**copy, blocks[i]);
    ASSERT_OK(committed);
    EXPECT_EQ(committed->root, *(*original)->RootAt(blocks[i].version())) << blocks[i].version();
  }
  EXPECT_EQ((*copy)->admin().Retention().oldest_retained, version);
  ASSERT_OK((*copy)->Close());
  ASSERT_OK((*original)->Close());
}

TEST(StoreArchive, RoundTripOfTheEthereumDataKeepsBytesAndRoots) {
  const std::vector<OwnedBlock> blocks = LoadBlocks("ethereum-changelog.jsonl");
  ASSERT_GT(blocks.size(), 4u);
  ExpectRoundTrip(blocks, blocks.size() - 2, Suite::kSha256);
  ExpectRoundTrip(blocks, blocks.size() / 2, Suite::kBlake3);
}

TEST(StoreArchive, RoundTripOfGeneratedRowsKeepsBytesAndRoots) {
  for (const uint64_t seed : {1u, 2u, 3u}) {
    fmt::print("seed {}\n", seed);
    ExpectRoundTrip(ArchiveBlocks(12, seed), 9, Suite::kSha256);
  }
}

TEST(StoreArchive, ThreadsAndTheVersionAboveDoNotShowInTheBytes) {
  MemFileSystem disk;
  const std::vector<OwnedBlock> blocks = ArchiveBlocks(8);
  auto store = StoreOf(disk, "/one", blocks, 6);
  ASSERT_OK(store);
  ASSERT_OK(ExportStore(disk, **store, "/a1", std::nullopt, 1));
  ASSERT_OK(CommitOwned(**store, blocks[6]));
  ASSERT_OK(CommitOwned(**store, blocks[7]));
  ASSERT_OK(ExportStore(disk, **store, "/a4", 6, 4));
  EXPECT_EQ(TreeText(disk, "/a1"), TreeText(disk, "/a4"));
  ASSERT_OK((*store)->Close());
}

class ImportTest : public testing::Test {
 protected:
  ImportTest() : blocks_(ArchiveBlocks(8)) {
    auto store = StoreOf(disk_, "/one", blocks_, 8);
    EXPECT_OK(store);
    EXPECT_OK(ExportStore(disk_, **store, "/archive", 6));
    EXPECT_OK(ExportStore(disk_, **store, "/later", 8));
    root_ = *(*store)->RootAt(6);
    EXPECT_OK((*store)->Close());
  }
  // Another store at `home`.
  void MakeOther(const std::string& home) {
    auto store = StoreOf(disk_, home, ArchiveBlocks(3, 99), 3);
    ASSERT_OK(store);
    ASSERT_OK((*store)->Close());
  }
  StatusOr<ImportResult> Import(const ImportOptions& options) {
    return ImportArchive(disk_, NullLogger(), "/archive", options, nullptr);
  }

  MemFileSystem disk_;
  const std::vector<OwnedBlock> blocks_;
  Digest root_{};
};

TEST_F(ImportTest, IntoAHomeWithAStoreNeedsReplaceAndKeepsTheOldOne) {
  MakeOther("/home");
  const std::string before = TreeText(disk_, "/home");
  EXPECT_EQ(ReasonOf(Import(ImportTo("/home")).status()), Reason::kConfirmationNeeded);
  EXPECT_EQ(TreeText(disk_, "/home"), before);
  const std::string old_store = TreeText(disk_, "/home/flatkv/changelog");
  const auto imported = Import(ImportTo("/home", true));
  ASSERT_OK(imported);
  ASSERT_NE(imported->quarantined, "");
  EXPECT_EQ(TreeText(disk_, "/home/quarantine/" + imported->quarantined + "/flatkv/changelog"),
            old_store);
  auto store = Store::Open(disk_, NullLogger(), "/home", SmallStoreOptions());
  ASSERT_OK(store);
  EXPECT_EQ((*store)->CommittedRoot().root, root_);
  const auto entries = (*store)->admin().ListQuarantine();
  ASSERT_OK(entries);
  ASSERT_THAT(*entries, SizeIs(1));
  EXPECT_EQ(entries->front().name, imported->quarantined);
  EXPECT_THAT(entries->front().reason, HasSubstr("import of version 6"));
  ASSERT_OK((*store)->admin().RemoveQuarantine(imported->quarantined));
  EXPECT_THAT(*(*store)->admin().ListQuarantine(), IsEmpty());
  ASSERT_OK((*store)->Close());
}

TEST_F(ImportTest, WhileTheStoreIsOpenIsRefused) {
  MakeOther("/home");
  auto store = Store::Open(disk_, NullLogger(), "/home", SmallStoreOptions());
  ASSERT_OK(store);
  EXPECT_EQ(ReasonOf(Import(ImportTo("/home", true)).status()), Reason::kLocked);
  EXPECT_OK((*store)->VerifyRows());
  ASSERT_OK((*store)->Close());
}

TEST_F(ImportTest, WithAnotherRootThanExpectedChangesNothing) {
  ImportOptions options = ImportTo("/home");
  options.expect_root = Digest{9};
  EXPECT_EQ(ReasonOf(Import(options).status()), Reason::kRootMismatch);
  EXPECT_EQ(ReasonOf(PlanImport(disk_, "/archive", options).status()), Reason::kRootMismatch);
  EXPECT_FALSE(*Exists(disk_, "/home"));
  options.expect_root = root_;
  ASSERT_OK(Import(options));
}

TEST_F(ImportTest, PlanSaysWhatWillHappenAndChangesNothing) {
  MakeOther("/home");
  const std::string before = TreeText(disk_, "/");
  const auto plan = PlanImport(disk_, "/archive", ImportTo("/home", true));
  ASSERT_OK(plan);
  EXPECT_TRUE(plan->replaces);
  EXPECT_FALSE(plan->resumes);
  EXPECT_EQ(plan->state.root, root_);
  EXPECT_THAT(plan->steps, SizeIs(5));
  EXPECT_EQ(TreeText(disk_, "/"), before);
}

TEST_F(ImportTest, WithoutRoomIsRefusedBeforeItBegins) {
  disk_.SetFreeBytes(1000);
  EXPECT_THAT(Import(ImportTo("/home")), StatusIs(StatusCode::kResourceExhausted));
  EXPECT_FALSE(*Exists(disk_, "/home"));
}

// Every chunk and member, at sampled offsets: named, and nothing is put in place.
TEST_F(ImportTest, OfADamagedArchiveNamesTheChunkAndActivatesNothing) {
  MakeOther("/home");
  const std::string before = TreeText(disk_, "/home/flatkv");
  constexpr uint64_t kSeed = 3;
  fmt::print("seed {}\n", kSeed);
  std::mt19937_64 random(kSeed);
  const std::vector<std::string> names = *disk_.List("/archive");
  for (const std::string& name : names) {
    const std::string path = JoinPath("/archive", name);
    const uint64_t size = disk_.Stat(path)->size_bytes;
    for (int i = 0; i < 3; ++i) {
      const uint64_t at = random() % size;
      disk_.FlipBit(path, at, 3);
      const Status status = Import(ImportTo("/home", true)).status();
      EXPECT_THAT(status, StatusIs(StatusCode::kDataLoss, HasSubstr(name))) << at;
      EXPECT_EQ(TreeText(disk_, "/home/flatkv"), before);
      EXPECT_FALSE(*Exists(disk_, "/home/quarantine"));
      disk_.FlipBit(path, at, 3);
    }
  }
  // What was kept of them is gone on with.
  EXPECT_TRUE(PlanImport(disk_, "/archive", ImportTo("/home", true))->resumes);
  ASSERT_OK(Import(ImportTo("/home", true)));
}

TEST_F(ImportTest, CutAfterEveryChunkIsGoneOnWith) {
  const auto reader = ArchiveReader::Open(disk_, "/archive");
  ASSERT_OK(reader);
  const size_t chunks = (*reader)->manifest().chunks.size();
  ASSERT_GT(chunks, 6u);
  for (size_t cut = 1; cut <= chunks; ++cut) {
    const std::string home = fmt::format("/home{}", cut);
    const auto stopped =
        ImportArchive(disk_, NullLogger(), "/archive", ImportTo(home),
                      [&](const ArchiveProgress& done) { return done.chunks < cut; });
    EXPECT_THAT(stopped, StatusIs(StatusCode::kCancelled));
    EXPECT_FALSE(*Exists(disk_, JoinPath(home, kStoreName)));
    const auto imported = Import(ImportTo(home));
    ASSERT_OK(imported);
    auto store = Store::Open(disk_, NullLogger(), home, SmallStoreOptions());
    ASSERT_OK(store);
    EXPECT_EQ((*store)->CommittedRoot().root, root_);
    EXPECT_OK((*store)->VerifyRows());
    ASSERT_OK((*store)->Close());
  }
}

// Of data DBs that are on disk nothing is written again.
TEST_F(ImportTest, KeepsTheRowsThatWereFlushed) {
  const auto stopped = ImportArchive(disk_, NullLogger(), "/archive", ImportTo("/home"),
                                     [](const ArchiveProgress& done) { return done.chunks < 4; });
  EXPECT_FALSE(stopped.ok());
  const auto imported = Import(ImportTo("/home"));
  ASSERT_OK(imported);
  EXPECT_GT(imported->kept_rows, 0u);
  EXPECT_LT(imported->kept_rows, imported->rows);
}

TEST_F(ImportTest, OfAnotherArchiveLeavesTheUnfinishedOneAlone) {
  EXPECT_FALSE(
      ImportArchive(disk_, NullLogger(), "/later", ImportTo("/home"), [](const ArchiveProgress&) {
        return false;
      }).ok());
  ASSERT_OK(Import(ImportTo("/home")));
  auto store = Store::Open(disk_, NullLogger(), "/home", SmallStoreOptions());
  ASSERT_OK(store);
  EXPECT_EQ((*store)->CommittedRoot().root, root_);
  const auto entries = (*store)->admin().ListQuarantine();
  ASSERT_THAT(*entries, SizeIs(1));
  EXPECT_THAT(entries->front().name, testing::StartsWith("staging-"));
  ASSERT_OK((*store)->admin().RemoveQuarantine(entries->front().name));
  EXPECT_THAT(*disk_.List("/home"), ElementsAre("flatkv"));
  ASSERT_OK((*store)->Close());
}

TEST_F(ImportTest, ACopyOfAnOpenStoreIsAFreshStore) {
  auto store = Store::Open(disk_, NullLogger(), "/one", SmallStoreOptions());
  ASSERT_OK(store);
  const auto copy = StoreCopy::Create(disk_, NullLogger(), ImportTo("/copy"), nullptr);
  ASSERT_OK(copy);
  ExportOptions options;
  options.at = 6;
  ASSERT_OK((*store)->admin().Export(options, **copy));
  const auto result = (*copy)->Finish();
  ASSERT_OK(result);
  EXPECT_EQ(result->state.root, root_);
  ASSERT_OK((*store)->Close());
  EXPECT_THAT(*disk_.List("/copy"), ElementsAre("flatkv"));
  auto opened = Store::Open(disk_, NullLogger(), "/copy", SmallStoreOptions());
  ASSERT_OK(opened);
  EXPECT_EQ(CommitOwned(**opened, blocks_[6])->version, 7);
  ASSERT_OK((*opened)->Close());
  EXPECT_THAT(StoreCopy::Create(disk_, NullLogger(), ImportTo("/copy"), nullptr).status(),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("flatkv")));
}

TEST_F(ImportTest, ARollbackEndsAnExportOfWhatItTakesAway) {
  auto store = Store::Open(disk_, NullLogger(), "/one", SmallStoreOptions());
  ASSERT_OK(store);
  ExportOptions above;
  above.at = 9;
  const auto writer = OpenArchiveDirectory(disk_, "/none");
  ArchiveExport target(**writer);
  EXPECT_EQ(ReasonOf((*store)->admin().Export(above, target).status()), Reason::kVersionAboveHead);
  ASSERT_OK((*store)->Close());
}

}  // namespace
}  // namespace flatkv::test
