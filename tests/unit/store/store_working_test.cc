// Lost, cut, foreign and unequal working data DBs are made anew, or opening names what is damaged.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "flatkv/codec/data_db.h"
#include "tests/unit/store/recovery_fixture.h"

namespace flatkv::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class StoreWorkingTest : public RecoveryFixture {};

TEST_F(StoreWorkingTest, WorkingIsMadeAnewWhenItIsGoneWholeOrInPart) {
  for (const bool has_snapshot : {true, false}) {
    MemFileSystem fs;
    FillStore(fs, options_, history_,
              has_snapshot ? std::vector<Version>{20} : std::vector<Version>());
    std::vector<std::string> gone = {InStore(kWorkingName)};
    for (const std::string_view db : kDataDbNames) {
      gone.push_back(JoinPath(InStore(kWorkingName), db));
    }
    for (const std::string& directory : gone) {
      SCOPED_TRACE(directory);
      const auto disk = fs.Clone();
      ASSERT_OK(RemoveTreeDurably(*disk, directory));
      ASSERT_OK_AND_ASSIGN(auto store, Open(*disk));
      EXPECT_EQ(store->recovery().replayed_to, kVersions);
      ExpectStateAt(*store, history_, kVersions);
      ASSERT_OK(store->Close());
    }
  }
}

TEST_F(StoreWorkingTest, AnyFileOfWorkingLostOrCutGivesTheSameStateOrIsRefused) {
  options_.wal_segment_bytes = 1 << 10;
  Fill({10, 20});
  // With the whole changelog, with what a prune leaves, and after a kill.
  {
    ASSERT_OK_AND_ASSIGN(auto store, Open(fs_));
    ASSERT_OK(store->admin().Prune(0));
    ASSERT_OK(store->Close());
  }
  size_t opened = 0;
  for (const std::string& file : FilesBelow(fs_, InStore(kWorkingName))) {
    ASSERT_OK_AND_ASSIGN(const FileInfo info, fs_.Stat(file));
    for (const int damage : {0, 1, 2, 3}) {
      SCOPED_TRACE(fmt::format("{} damage {}", file, damage));
      const auto disk = fs_.Clone();
      if (damage > 0 && info.links > 1) {
        continue;  // a table that a snapshot has too: both are damaged then
      }
      switch (damage) {
        case 0:
          ASSERT_OK(RemoveFileDurably(*disk, file));
          break;
        case 1:
          disk->Resize(file, 0);
          break;
        case 2:
          disk->Resize(file, info.size_bytes / 2);
          break;
        default:
          if (info.size_bytes > 0) {
            disk->Resize(file, info.size_bytes - 1);
          }
          break;
      }
      const auto store = Open(*disk);
      if (!store.ok()) {
        ExpectNamed(store.status());
        continue;
      }
      ++opened;
      EXPECT_EQ(Hex((*store)->Info().root), Hex(history_.root(kVersions)));
      // What opening did not need to read may still be damaged; it is never served.
      const Status rows = (*store)->VerifyRows();
      EXPECT_TRUE(rows.ok() || rows.code() == StatusCode::kDataLoss) << ToString(rows);
      for (const std::string& module : HistoryModules()) {
        const auto iterator = (*store)->Iterate({.module = module});
        if (!iterator.ok()) {
          continue;
        }
        Pairs pairs;
        for (; (*iterator)->Valid(); (*iterator)->Next()) {
          pairs.emplace_back((*iterator)->key(), (*iterator)->value());
        }
        if ((*iterator)->status().ok()) {
          EXPECT_EQ(pairs, history_.PairsAt(kVersions, module));
        }
      }
    }
  }
  EXPECT_GT(opened, 10u);
}

TEST_F(StoreWorkingTest, AWorkingOfUnknownOrOtherOriginIsSetAsideAndMadeAnew) {
  Fill({20});
  const std::string path = JoinPath(InStore(kWorkingName), kSnapshotBaseName);
  ASSERT_OK_AND_ASSIGN(const std::string good, ReadFile(fs_, path, 4096));
  MemFileSystem other;
  FillStore(other, options_, history_, {20});
  ASSERT_OK_AND_ASSIGN(const std::string of_another, ReadFile(other, path, 4096));
  struct Case {
    const char* what;
    std::function<void(MemFileSystem&)> damage;
    const char* why;
  };
  const std::vector<Case> cases = {
      {"missing", [&](MemFileSystem& fs) { ASSERT_OK(RemoveFileDurably(fs, path)); },
       "SNAPSHOT_BASE"},
      {"damaged", [&](MemFileSystem& fs) { fs.FlipBit(path, 40, 2); }, "SNAPSHOT_BASE"},
      {"empty", [&](MemFileSystem& fs) { fs.Resize(path, 0); }, "SNAPSHOT_BASE"},
      {"of another store", [&](MemFileSystem& fs) { fs.Overwrite(path, of_another); },
       "is of store"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const auto disk = fs_.Clone();
    c.damage(*disk);
    ASSERT_OK_AND_ASSIGN(auto store, Open(*disk));
    EXPECT_THAT(store->recovery().working_rebuilt, HasSubstr(c.why));
    ASSERT_OK_AND_ASSIGN(const auto entries, store->admin().ListQuarantine());
    ASSERT_EQ(entries.size(), 1u);
    EXPECT_EQ(entries[0].item, kWorkingName);
    EXPECT_EQ(store->recovery().replayed_from, 21);
    ExpectStateAt(*store, history_, kVersions);
    ASSERT_OK(store->Close());
  }
}

TEST_F(StoreWorkingTest, AWorkingThatCannotBeMadeAnewIsLeftWhereItIs) {
  Fill({20});
  // No snapshot any more, and a changelog that begins late.
  {
    ASSERT_OK_AND_ASSIGN(auto store, Open(fs_));
    ASSERT_OK(store->admin().Prune(0));
    ASSERT_OK(store->Close());
  }
  PointCurrent(fs_, std::nullopt);
  ASSERT_OK(RemoveTreeDurably(fs_, InStore(SnapshotName(20))));
  ASSERT_OK(RemoveFileDurably(fs_, JoinPath(InStore(kWorkingName), kSnapshotBaseName)));
  const std::string before = TreeDigest(fs_, InStore(kWorkingName));
  EXPECT_THAT(Open(fs_), AllOf(StatusIs(StatusCode::kDataLoss, HasSubstr("from a backup")),
                               HasReason(Reason::kDataDbCorrupt)));
  EXPECT_EQ(TreeDigest(fs_, InStore(kWorkingName)), before);
}

TEST_F(StoreWorkingTest, QuarantineEntriesGoByNameOnly) {
  Fill({20});
  ASSERT_OK(RemoveFileDurably(fs_, JoinPath(InStore(kWorkingName), kSnapshotBaseName)));
  ASSERT_OK_AND_ASSIGN(auto store, Open(fs_));
  ASSERT_OK_AND_ASSIGN(auto entries, store->admin().ListQuarantine());
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_THAT(store->admin().RemoveQuarantine("working"), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(store->admin().RemoveQuarantine("20260102T030405Z-1a2b3c4d5e6f7081"),
              StatusIs(StatusCode::kNotFound));
  ASSERT_OK(store->admin().RemoveQuarantine(entries[0].name));
  ASSERT_OK_AND_ASSIGN(entries, store->admin().ListQuarantine());
  EXPECT_TRUE(entries.empty());
  ExpectStateAt(*store, history_, kVersions);
}

// The rows of some data DBs are ahead of the others' after a kill: each skips what it has.
TEST_F(StoreWorkingTest, DataDbsAtDifferentVersionsAreBroughtToOneState) {
  Fill({20});
  for (unsigned newer = 0; newer < 16; ++newer) {
    SCOPED_TRACE(newer);
    const auto disk = fs_.Clone();
    // Every data DB that is not among the newer ones is that of the snapshot.
    for (const DataDb db : kAllDataDbs) {
      if ((newer >> IndexOf(db) & 1) != 0) {
        continue;
      }
      const std::string to = JoinPath(InStore(kWorkingName), NameOf(db));
      const std::string from = JoinPath(InStore(SnapshotName(20)), NameOf(db));
      ASSERT_OK(RemoveTreeDurably(*disk, to));
      ASSERT_OK(MakeDirsDurably(*disk, to));
      for (const std::string& file : FilesBelow(*disk, from)) {
        ASSERT_OK_AND_ASSIGN(const std::string content, ReadFile(*disk, file, 1 << 24));
        ASSERT_OK(WriteFileDurably(*disk, JoinPath(to, BaseName(file)), content));
      }
    }
    ASSERT_OK_AND_ASSIGN(auto store, Open(*disk));
    EXPECT_EQ(store->recovery().working_rebuilt, "");
    ExpectStateAt(*store, history_, kVersions);
  }
}

}  // namespace
}  // namespace flatkv::test
