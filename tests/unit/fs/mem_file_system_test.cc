// The helpers of MemFileSystem. Its calls are in conformance_test.cc, its crashes in
// mem_crash_test.cc.
#include "tests/support/mem_file_system.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/posix_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tree_digest.h"

namespace flatkv {
namespace {

using test::CrashMode;
using test::MemFileSystem;
using test::TreeDigest;
using test::TreeText;

std::string Read(FileSystem& fs, const std::string& path) {
  return ReadFile(fs, path, 1 << 20).value_or("(unreadable)");
}

TEST(MemFileSystem, AbsoluteAndRelativePathsMeanTheSame) {
  MemFileSystem fs;
  ASSERT_OK(WriteFileDurably(fs, "/f", "ab"));
  EXPECT_EQ(Read(fs, "f"), "ab");
  EXPECT_EQ(Read(fs, "./f"), "ab");
}

TEST(MemFileSystem, ACloneAndItsOriginalChangeApart) {
  MemFileSystem fs;
  ASSERT_OK(MakeDirsDurably(fs, "/d"));
  ASSERT_OK(WriteFileDurably(fs, "/d/f", "ab"));
  const std::unique_ptr<MemFileSystem> clone = fs.Clone();
  EXPECT_EQ(TreeDigest(fs, "/"), TreeDigest(*clone, "/"));
  {
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<WritableFile> file, fs.OpenAppend("/d/f"));
    ASSERT_OK(file->Append("original"));
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<WritableFile> other, clone->OpenAppend("/d/f"));
    ASSERT_OK(other->Append("clone"));
  }
  ASSERT_OK(clone->RemoveFile("/d/f"));
  ASSERT_OK(clone->MakeDir("/e"));
  EXPECT_EQ(Read(fs, "/d/f"), "aboriginal");
  EXPECT_EQ(*Exists(fs, "/e"), false);
  EXPECT_EQ(*Exists(*clone, "/d/f"), false);
}

TEST(MemFileSystem, FlipBitChangesOneBitThroughAllLinksAndDurably) {
  MemFileSystem fs;
  ASSERT_OK(WriteFileDurably(fs, "/f", "abc"));
  ASSERT_OK(fs.Link("/f", "/g"));
  const std::unique_ptr<MemFileSystem> clone = fs.Clone();
  fs.FlipBit("/f", 1, 0);
  EXPECT_EQ(Read(fs, "/g"), "acc");
  EXPECT_EQ(Read(*fs.Crash(CrashMode::kDropUnsynced, 0), "/f"), "acc");
  EXPECT_EQ(Read(*clone, "/f"), "abc");
}

TEST(MemFileSystem, ResizeAndOverwriteAreDurableDamage) {
  MemFileSystem fs;
  ASSERT_OK(WriteFileDurably(fs, "/f", "abc"));
  fs.Resize("/f", 5);
  EXPECT_EQ(Read(*fs.Crash(CrashMode::kDropUnsynced, 0), "/f"), std::string("abc\0\0", 5));
  fs.Resize("/f", 1);
  EXPECT_EQ(Read(*fs.Crash(CrashMode::kDropUnsynced, 0), "/f"), "a");
  fs.Overwrite("/f", "other");
  EXPECT_EQ(Read(*fs.Crash(CrashMode::kDropUnsynced, 0), "/f"), "other");
}

TEST(MemFileSystem, CountsOpenHandles) {
  MemFileSystem fs;
  EXPECT_EQ(fs.OpenHandles(), 0);
  {
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<WritableFile> file, fs.Create("/f"));
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<RandomAccessFile> reader, fs.OpenRead("/f"));
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<FileLock> lock, fs.Lock("/LOCK"));
    EXPECT_EQ(fs.OpenHandles(), 3);
    ASSERT_OK(file->Close());
    EXPECT_EQ(fs.OpenHandles(), 2);
  }
  EXPECT_EQ(fs.OpenHandles(), 0);
}

TEST(MemFileSystem, FreeBytesIsWhatWasSet) {
  MemFileSystem fs;
  fs.SetFreeBytes(12345);
  EXPECT_EQ(*fs.FreeBytes("/"), 12345);
  EXPECT_EQ(*fs.Clone()->FreeBytes("/"), 12345);
}

TEST(MemFileSystem, SyncMayRunBesideAppend) {
  MemFileSystem fs;
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<WritableFile> file, fs.Create("/f"));
  std::atomic<bool> done = false;
  std::thread syncer([&] {
    while (!done.load()) {
      EXPECT_OK(file->Sync());
    }
  });
  for (int i = 0; i < 1000; ++i) {
    EXPECT_OK(file->Append("0123456789"));
  }
  done.store(true);
  syncer.join();
  EXPECT_EQ(Read(fs, "/f").size(), 10'000);
}

TEST(TreeDigest, ChangesWithEveryPathTypeContentAndTarget) {
  MemFileSystem fs;
  ASSERT_OK(fs.MakeDir("/d"));
  ASSERT_OK(fs.Symlink("d", "/link"));
  ASSERT_OK(WriteFileDurably(fs, "/d/f", "ab"));
  const std::string digest = TreeDigest(fs, "/");
  const auto changed_by = [&](auto change) {
    const std::unique_ptr<MemFileSystem> clone = fs.Clone();
    change(*clone);
    return TreeDigest(*clone, "/") != digest;
  };
  EXPECT_FALSE(changed_by([](MemFileSystem&) {}));
  EXPECT_TRUE(changed_by([](MemFileSystem& disk) { disk.FlipBit("/d/f", 0, 3); }));
  EXPECT_TRUE(changed_by([](MemFileSystem& disk) { disk.Resize("/d/f", 1); }));
  EXPECT_TRUE(changed_by([](MemFileSystem& disk) { ASSERT_OK(disk.MakeDir("/e")); }));
  EXPECT_TRUE(changed_by([](MemFileSystem& disk) { ASSERT_OK(disk.Rename("/d/f", "/d/g")); }));
  EXPECT_TRUE(changed_by([](MemFileSystem& disk) {
    ASSERT_OK(disk.RemoveFile("/link"));
    ASSERT_OK(disk.Symlink("e", "/link"));
  }));
}

TEST(TreeDigest, IsTheSameForTheSameTreeOnTheRealFileSystem) {
  const test::TempDir dir;
  MemFileSystem mem;
  FileSystem& posix = PosixFileSystem();
  for (FileSystem* fs : {static_cast<FileSystem*>(&mem), &posix}) {
    const std::string root = fs == &mem ? "" : dir.path();
    ASSERT_OK(MakeDirsDurably(*fs, root + "/d/e"));
    ASSERT_OK(WriteFileDurably(*fs, root + "/d/e/f", "ab"));
    ASSERT_OK(fs->Symlink("d/e", root + "/link"));
  }
  EXPECT_EQ(TreeText(mem, "/"), TreeText(posix, dir.path()));
  EXPECT_NE(TreeText(mem, "/").find("file d/e/f 2 fb8e20fc"), std::string::npos)
      << TreeText(mem, "/");
}

}  // namespace
}  // namespace flatkv
