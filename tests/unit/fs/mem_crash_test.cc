// What each crash mode leaves of a MemFileSystem.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "flatkv/fs/durable.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/support/tree_digest.h"

namespace flatkv {
namespace {

using test::CrashMode;
using test::MemFileSystem;
using test::StatusIs;
using test::TreeDigest;
using test::TreeText;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSubsetOf;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

constexpr uint64_t kSeeds = 400;

constexpr CrashMode kAllModes[] = {CrashMode::kKeepAll, CrashMode::kDropUnsynced,
                                   CrashMode::kOrderedPrefix, CrashMode::kAnySubset,
                                   CrashMode::kTornSectors};

constexpr CrashMode kPowerCuts[] = {CrashMode::kDropUnsynced, CrashMode::kOrderedPrefix,
                                    CrashMode::kAnySubset, CrashMode::kTornSectors};

std::string Read(FileSystem& fs, const std::string& path) {
  return ReadFile(fs, path, 1 << 20).value_or("(unreadable)");
}

void Append(FileSystem& fs, const std::string& path, std::string_view data) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<WritableFile> file, fs.OpenAppend(path));
  ASSERT_OK(file->Append(data));
}

void Create(FileSystem& fs, const std::string& path) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<WritableFile> file, fs.Create(path));
}

// The distinct name lists of "/" over all seeds.
std::set<std::vector<std::string>> NamesAfter(const MemFileSystem& fs, CrashMode mode) {
  std::set<std::vector<std::string>> seen;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    seen.insert(*fs.Crash(mode, seed)->List("/"));
  }
  return seen;
}

// The distinct contents of a file over all seeds.
std::set<std::string> ContentsAfter(const MemFileSystem& fs, CrashMode mode,
                                    const std::string& path) {
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    seen.insert(Read(*fs.Crash(mode, seed), path));
  }
  return seen;
}

TEST(MemCrash, KeepsWhatWasSyncedInEveryMode) {
  MemFileSystem fs;
  ASSERT_OK(MakeDirsDurably(fs, "/a/b"));
  ASSERT_OK(WriteFileDurably(fs, "/a/b/f", std::string(2000, 'x')));
  ASSERT_OK(fs.Link("/a/b/f", "/a/g"));
  ASSERT_OK(fs.Symlink("b", "/a/link"));
  ASSERT_OK(fs.SyncDir("/a"));
  for (const CrashMode mode : kAllModes) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const std::unique_ptr<MemFileSystem> disk = fs.Crash(mode, seed);
      EXPECT_EQ(TreeText(*disk, "/"), TreeText(fs, "/")) << CrashModeName(mode) << " seed " << seed;
      EXPECT_EQ(disk->Stat("/a/g")->links, 2);
      EXPECT_EQ(disk->Stat("/a/g")->inode, disk->Stat("/a/b/f")->inode);
    }
  }
}

TEST(MemCrash, IsTheSameForTheSameSeed) {
  MemFileSystem fs;
  for (const char* name : {"/a", "/b", "/c", "/d"}) {
    Create(fs, name);
    Append(fs, name, std::string(3000, 'x'));
  }
  for (const CrashMode mode : kAllModes) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      EXPECT_EQ(TreeDigest(*fs.Crash(mode, seed), "/"), TreeDigest(*fs.Crash(mode, seed), "/"))
          << CrashModeName(mode) << " seed " << seed;
    }
  }
}

TEST(MemCrash, AProcessKillKeepsUnsyncedWorkUntilThePowerIsCut) {
  MemFileSystem fs;
  ASSERT_OK(WriteFileDurably(fs, "/f", "ab"));
  Append(fs, "/f", "cd");
  Create(fs, "/g");
  const std::unique_ptr<MemFileSystem> killed = fs.Crash(CrashMode::kKeepAll, 0);
  EXPECT_EQ(Read(*killed, "/f"), "abcd");
  EXPECT_THAT(*killed->List("/"), ElementsAre("f", "g"));
  const std::unique_ptr<MemFileSystem> cut = killed->Crash(CrashMode::kDropUnsynced, 0);
  EXPECT_EQ(Read(*cut, "/f"), "ab");
  EXPECT_THAT(*cut->List("/"), ElementsAre("f"));
}

TEST(MemCrash, WhatAPowerCutLeavesIsDurable) {
  MemFileSystem fs;
  for (const char* name : {"/a", "/b", "/c"}) {
    Create(fs, name);
    Append(fs, name, std::string(3000, 'x'));
  }
  for (const CrashMode mode : kPowerCuts) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const std::unique_ptr<MemFileSystem> cut = fs.Crash(mode, seed);
      EXPECT_EQ(TreeDigest(*cut->Crash(CrashMode::kDropUnsynced, 0), "/"), TreeDigest(*cut, "/"))
          << CrashModeName(mode) << " seed " << seed;
    }
  }
}

TEST(MemCrash, DropUnsyncedLosesDataAndNames) {
  MemFileSystem fs;
  ASSERT_OK(WriteFileDurably(fs, "/f", "ab"));
  ASSERT_OK(WriteFileDurably(fs, "/gone", "ab"));
  Append(fs, "/f", "cd");
  ASSERT_OK(fs.RemoveFile("/gone"));
  ASSERT_OK(fs.MakeDir("/d"));
  const std::unique_ptr<MemFileSystem> disk = fs.Crash(CrashMode::kDropUnsynced, 0);
  EXPECT_EQ(Read(*disk, "/f"), "ab");
  EXPECT_THAT(*disk->List("/"), ElementsAre("f", "gone"));
}

TEST(MemCrash, ASyncedNameOfAnUnsyncedFileIsEmpty) {
  MemFileSystem fs;
  Create(fs, "/f");
  Append(fs, "/f", "ab");
  ASSERT_OK(fs.SyncDir("/"));
  EXPECT_EQ(Read(*fs.Crash(CrashMode::kDropUnsynced, 0), "/f"), "");
}

TEST(MemCrash, ASyncedFileWithoutASyncedNameIsLost) {
  MemFileSystem fs;
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<WritableFile> file, fs.Create("/f"));
  ASSERT_OK(file->Append("ab"));
  ASSERT_OK(file->Sync());
  EXPECT_THAT(fs.Crash(CrashMode::kDropUnsynced, 0)->Stat("/f"), StatusIs(StatusCode::kNotFound));
}

TEST(MemCrash, SyncOfOneDirectoryDoesNotCoverAnother) {
  MemFileSystem fs;
  ASSERT_OK(fs.MakeDir("/d"));
  Create(fs, "/d/f");
  ASSERT_OK(fs.SyncDir("/d"));
  EXPECT_THAT(*fs.Crash(CrashMode::kDropUnsynced, 0)->List("/"), IsEmpty());
  ASSERT_OK(fs.SyncDir("/"));
  EXPECT_THAT(*fs.Crash(CrashMode::kDropUnsynced, 0)->List("/d"), ElementsAre("f"));
}

TEST(MemCrash, OrderedPrefixKeepsTheOldestNamesOfADirectory) {
  MemFileSystem fs;
  for (const char* name : {"/c", "/a", "/b"}) {
    Create(fs, name);
  }
  using Names = std::vector<std::string>;
  EXPECT_THAT(NamesAfter(fs, CrashMode::kOrderedPrefix),
              UnorderedElementsAre(Names{}, Names{"c"}, Names{"a", "c"}, Names{"a", "b", "c"}));
}

TEST(MemCrash, OrderedPrefixCutsDirectoriesIndependently) {
  MemFileSystem fs;
  ASSERT_OK(MakeDirsDurably(fs, "/d"));
  ASSERT_OK(MakeDirsDurably(fs, "/e"));
  Create(fs, "/d/f");
  Create(fs, "/e/f");
  std::set<std::pair<size_t, size_t>> seen;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const std::unique_ptr<MemFileSystem> disk = fs.Crash(CrashMode::kOrderedPrefix, seed);
    seen.emplace(disk->List("/d")->size(), disk->List("/e")->size());
  }
  EXPECT_EQ(seen.size(), 4);
}

TEST(MemCrash, OrderedPrefixKeepsAPrefixOfUnsyncedData) {
  MemFileSystem fs;
  ASSERT_OK(WriteFileDurably(fs, "/f", "ab"));
  Append(fs, "/f", "cde");
  EXPECT_THAT(ContentsAfter(fs, CrashMode::kOrderedPrefix, "/f"),
              UnorderedElementsAre("ab", "abc", "abcd", "abcde"));
}

TEST(MemCrash, AnySubsetKeepsEverySubsetOfNames) {
  MemFileSystem fs;
  ASSERT_OK(WriteFileDurably(fs, "/old", ""));
  Create(fs, "/a");
  Create(fs, "/b");
  ASSERT_OK(fs.RemoveFile("/old"));
  EXPECT_EQ(NamesAfter(fs, CrashMode::kAnySubset).size(), 8);
}

TEST(MemCrash, AnySubsetKeepsDropsCutsZeroesAndCorruptsUnsyncedTails) {
  MemFileSystem fs;
  ASSERT_OK(WriteFileDurably(fs, "/f", std::string(100, 'd')));
  const std::string durable(100, 'd');
  Append(fs, "/f", std::string(2000, 'u'));
  const std::string whole = Read(fs, "/f");
  std::set<size_t> cuts;
  int kept = 0;
  int zeroed = 0;
  int corrupted = 0;
  for (const std::string& content : ContentsAfter(fs, CrashMode::kAnySubset, "/f")) {
    ASSERT_EQ(content.substr(0, durable.size()), durable);
    if (content == whole) {
      ++kept;
    } else if (content == whole.substr(0, content.size())) {
      cuts.insert(content.size());
    } else {
      ASSERT_EQ(content.size(), whole.size());
      const size_t tail = content.find_first_not_of('u', 100);
      EXPECT_TRUE(tail == 100 || tail % 512 == 0 || content[tail / 512 * 512] == 'u') << tail;
      const bool zeros = content.find_first_not_of('\0', tail) == std::string::npos;
      (zeros ? zeroed : corrupted) += 1;
    }
  }
  EXPECT_EQ(kept, 1);
  EXPECT_THAT(cuts, UnorderedElementsAre(100, 512, 1024, 1536, 2048));
  EXPECT_GE(zeroed, 4);
  EXPECT_GT(corrupted, 10);
}

TEST(MemCrash, TornSectorsMayKeepALaterSectorAndLoseAnEarlierOne) {
  MemFileSystem fs;
  ASSERT_OK(WriteFileDurably(fs, "/f", std::string(512, 'd')));
  Append(fs, "/f", std::string(1024, 'u'));
  const std::string hole = std::string(512, 'd') + std::string(512, '\0') + std::string(512, 'u');
  EXPECT_THAT(ContentsAfter(fs, CrashMode::kTornSectors, "/f"), Contains(hole));
  EXPECT_THAT(ContentsAfter(fs, CrashMode::kAnySubset, "/f"), Not(Contains(hole)));
}

TEST(MemCrash, RenameIsOneOperation) {
  MemFileSystem fs;
  ASSERT_OK(WriteFileDurably(fs, "/f", "old"));
  ASSERT_OK(WriteFileDurably(fs, "/g", "new"));
  ASSERT_OK(fs.Rename("/g", "/f"));
  for (const CrashMode mode : {CrashMode::kOrderedPrefix, CrashMode::kAnySubset}) {
    std::set<std::string> seen;
    for (uint64_t seed = 0; seed < kSeeds; ++seed) {
      const std::unique_ptr<MemFileSystem> disk = fs.Crash(mode, seed);
      seen.insert(Read(*disk, "/f") + " " + Read(*disk, "/g"));
    }
    EXPECT_THAT(seen, UnorderedElementsAre("old new", "new (unreadable)")) << CrashModeName(mode);
  }
}

TEST(MemCrash, RenameBetweenDirectoriesIsOneOperationDurableWithEither) {
  for (const char* synced : {"/", "/d"}) {
    MemFileSystem fs;
    ASSERT_OK(MakeDirsDurably(fs, "/d"));
    ASSERT_OK(WriteFileDurably(fs, "/f", "ab"));
    ASSERT_OK(fs.Rename("/f", "/d/f"));
    for (uint64_t seed = 0; seed < 50; ++seed) {
      for (const CrashMode mode : kPowerCuts) {
        const std::unique_ptr<MemFileSystem> disk = fs.Crash(mode, seed);
        EXPECT_NE(*Exists(*disk, "/f"), *Exists(*disk, "/d/f")) << CrashModeName(mode) << seed;
      }
    }
    ASSERT_OK(fs.SyncDir(synced));
    const std::unique_ptr<MemFileSystem> disk = fs.Crash(CrashMode::kDropUnsynced, 0);
    EXPECT_EQ(Read(*disk, "/d/f"), "ab") << synced;
    EXPECT_FALSE(*Exists(*disk, "/f")) << synced;
  }
}

TEST(MemCrash, ExchangeIsOneOperationDurableWithEitherDirectory) {
  for (const char* synced : {"/", "/d"}) {
    MemFileSystem fs;
    ASSERT_OK(MakeDirsDurably(fs, "/d"));
    ASSERT_OK(WriteFileDurably(fs, "/f", "old"));
    ASSERT_OK(WriteFileDurably(fs, "/d/f", "new"));
    ASSERT_OK(fs.Exchange("/d/f", "/f"));
    std::set<std::string> seen;
    for (uint64_t seed = 0; seed < kSeeds; ++seed) {
      for (const CrashMode mode : {CrashMode::kOrderedPrefix, CrashMode::kAnySubset}) {
        const std::unique_ptr<MemFileSystem> disk = fs.Crash(mode, seed);
        seen.insert(Read(*disk, "/f") + " " + Read(*disk, "/d/f"));
      }
    }
    EXPECT_THAT(seen, UnorderedElementsAre("old new", "new old")) << synced;
    ASSERT_OK(fs.SyncDir(synced));
    const std::unique_ptr<MemFileSystem> disk = fs.Crash(CrashMode::kDropUnsynced, 0);
    EXPECT_EQ(Read(*disk, "/f"), "new") << synced;
    EXPECT_EQ(Read(*disk, "/d/f"), "old") << synced;
  }
}

TEST(MemCrash, ADurableMoveTakesTheOlderOperationsOfItsSourceAlong) {
  MemFileSystem fs;
  ASSERT_OK(MakeDirsDurably(fs, "/d"));
  Create(fs, "/f");
  ASSERT_OK(fs.Rename("/f", "/d/f"));
  ASSERT_OK(fs.SyncDir("/d"));
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const std::unique_ptr<MemFileSystem> disk = fs.Crash(CrashMode::kAnySubset, seed);
    EXPECT_THAT(*disk->List("/"), ElementsAre("d"));
    EXPECT_THAT(*disk->List("/d"), ElementsAre("f"));
  }
}

TEST(MemCrash, CreateOverAnOldNameMayLeaveOldNewOrNothing) {
  MemFileSystem fs;
  ASSERT_OK(WriteFileDurably(fs, "/f", "old"));
  Create(fs, "/f");
  EXPECT_THAT(ContentsAfter(fs, CrashMode::kOrderedPrefix, "/f"),
              UnorderedElementsAre("old", "", "(unreadable)"));
}

TEST(MemCrash, TruncateIsDurableWhenItReturns) {
  MemFileSystem fs;
  ASSERT_OK(WriteFileDurably(fs, "/f", "abcd"));
  Append(fs, "/f", "efgh");
  ASSERT_OK(fs.Truncate("/f", 6));
  EXPECT_EQ(Read(*fs.Crash(CrashMode::kDropUnsynced, 0), "/f"), "abcdef");
}

TEST(MemCrash, SyncThroughOneLinkCoversTheInode) {
  MemFileSystem fs;
  ASSERT_OK(WriteFileDurably(fs, "/f", "ab"));
  ASSERT_OK(fs.Link("/f", "/g"));
  ASSERT_OK(fs.SyncDir("/"));
  Append(fs, "/f", "cd");
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<WritableFile> file, fs.OpenAppend("/g"));
  ASSERT_OK(file->Sync());
  EXPECT_EQ(Read(*fs.Crash(CrashMode::kDropUnsynced, 0), "/f"), "abcd");
}

TEST(MemCrash, AnUnsyncedRemovalComesBackWithItsData) {
  MemFileSystem fs;
  ASSERT_OK(MakeDirsDurably(fs, "/d"));
  ASSERT_OK(WriteFileDurably(fs, "/d/f", "ab"));
  ASSERT_OK(fs.RemoveFile("/d/f"));
  ASSERT_OK(fs.RemoveDir("/d"));
  EXPECT_EQ(Read(*fs.Crash(CrashMode::kDropUnsynced, 0), "/d/f"), "ab");
}

TEST(MemCrash, ReleasesLocksAndHandles) {
  MemFileSystem fs;
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<FileLock> lock, fs.Lock("/LOCK"));
  const std::unique_ptr<MemFileSystem> disk = fs.Crash(CrashMode::kKeepAll, 0);
  EXPECT_EQ(disk->OpenHandles(), 0);
  EXPECT_OK(disk->Lock("/LOCK"));
}

}  // namespace
}  // namespace flatkv
