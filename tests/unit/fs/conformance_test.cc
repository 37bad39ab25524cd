// What every FileSystem does alike, run against the real one, the one in memory and the fault layer
// without faults.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/fs/posix_file_system.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace flatkv {
namespace {

using test::FaultFileSystem;
using test::HasReason;
using test::IsOk;
using test::MemFileSystem;
using test::StatusIs;
using test::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FileSystemConformance : public testing::TestWithParam<std::string> {
 protected:
  FileSystemConformance() {
    if (GetParam() == "Posix") {
      temp_ = std::make_unique<TempDir>();
      fs_ = &PosixFileSystem();
    } else {
      mem_ = std::make_unique<MemFileSystem>();
      fault_ = std::make_unique<FaultFileSystem>(*mem_);
      fs_ = GetParam() == "Mem" ? static_cast<FileSystem*>(mem_.get()) : fault_.get();
    }
  }

  FileSystem& fs() { return *fs_; }
  std::string Path(std::string_view name) const {
    return temp_ == nullptr ? JoinPath("/", name) : temp_->File(name);
  }

  void Write(const std::string& path, std::string_view content) {
    ASSERT_OK_AND_ASSIGN(std::unique_ptr<WritableFile> file, fs().Create(path));
    ASSERT_OK(file->Append(content));
    ASSERT_OK(file->Close());
  }
  std::string Read(const std::string& path) {
    const StatusOr<std::string> content = ReadFile(fs(), path, 1 << 20);
    EXPECT_OK(content);
    return content.value_or("(unreadable)");
  }

 private:
  std::unique_ptr<TempDir> temp_;
  std::unique_ptr<MemFileSystem> mem_;
  std::unique_ptr<FaultFileSystem> fault_;
  FileSystem* fs_ = nullptr;
};

INSTANTIATE_TEST_SUITE_P(All, FileSystemConformance, testing::Values("Posix", "Mem", "Fault"),
                         [](const auto& param_info) { return param_info.param; });

TEST_P(FileSystemConformance, AppendsInOrder) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<WritableFile> file, fs().Create(Path("f")));
  ASSERT_OK(file->Append("ab"));
  ASSERT_OK(file->Append(""));
  ASSERT_OK(file->StartWriteback());
  ASSERT_OK(file->Append("cde"));
  ASSERT_OK(file->StartWriteback());
  ASSERT_OK(file->StartWriteback());
  ASSERT_OK(file->Sync());
  ASSERT_OK(file->Close());
  EXPECT_EQ(Read(Path("f")), "abcde");
}

TEST_P(FileSystemConformance, ShowsAppendedBytesBeforeSync) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<WritableFile> file, fs().Create(Path("f")));
  ASSERT_OK(file->Append("ab"));
  EXPECT_EQ(Read(Path("f")), "ab");
  ASSERT_OK(file->Close());
}

TEST_P(FileSystemConformance, OpenAppendContinuesAtTheEnd) {
  Write(Path("f"), "ab");
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<WritableFile> file, fs().OpenAppend(Path("f")));
  ASSERT_OK(file->Append("cd"));
  ASSERT_OK(file->Close());
  EXPECT_EQ(Read(Path("f")), "abcd");
}

TEST_P(FileSystemConformance, OpenAppendNeedsAFile) {
  EXPECT_THAT(fs().OpenAppend(Path("f")), StatusIs(StatusCode::kNotFound, HasSubstr(Path("f"))));
}

TEST_P(FileSystemConformance, CreateNeedsTheDirectory) {
  EXPECT_THAT(fs().Create(Path("d/f")), StatusIs(StatusCode::kNotFound, HasSubstr("ENOENT")));
}

TEST_P(FileSystemConformance, CreateNeverTruncatesAHardLinkedInode) {
  Write(Path("table"), "precious");
  ASSERT_OK(fs().Link(Path("table"), Path("snapshot")));
  ASSERT_OK_AND_ASSIGN(const FileInfo before, fs().Stat(Path("snapshot")));
  Write(Path("table"), "new");
  EXPECT_EQ(Read(Path("snapshot")), "precious");
  EXPECT_EQ(Read(Path("table")), "new");
  ASSERT_OK_AND_ASSIGN(const FileInfo after, fs().Stat(Path("snapshot")));
  ASSERT_OK_AND_ASSIGN(const FileInfo table, fs().Stat(Path("table")));
  EXPECT_EQ(after.inode, before.inode);
  EXPECT_NE(table.inode, before.inode);
  EXPECT_EQ(before.links, 2);
  EXPECT_EQ(after.links, 1);
}

TEST_P(FileSystemConformance, CreateReplacesASymlinkAndNotItsTarget) {
  Write(Path("f"), "target");
  ASSERT_OK(fs().Symlink("f", Path("link")));
  Write(Path("link"), "new");
  EXPECT_EQ(Read(Path("f")), "target");
  ASSERT_OK_AND_ASSIGN(const FileInfo info, fs().Stat(Path("link")));
  EXPECT_EQ(info.type, FileType::kRegular);
}

TEST_P(FileSystemConformance, CreateRefusesADirectory) {
  ASSERT_OK(fs().MakeDir(Path("d")));
  EXPECT_THAT(fs().Create(Path("d")), StatusIs(StatusCode::kUnknown, HasSubstr("EISDIR")));
  ASSERT_OK_AND_ASSIGN(const FileInfo info, fs().Stat(Path("d")));
  EXPECT_EQ(info.type, FileType::kDirectory);
}

TEST_P(FileSystemConformance, AnUnlinkedFileStaysUsableThroughItsHandles) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<WritableFile> file, fs().Create(Path("f")));
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<RandomAccessFile> reader, fs().OpenRead(Path("f")));
  ASSERT_OK(fs().RemoveFile(Path("f")));
  ASSERT_OK(file->Append("ab"));
  ASSERT_OK(file->Close());
  EXPECT_THAT(reader->Size(), IsOk());
  EXPECT_EQ(*reader->Size(), 2);
}

TEST_P(FileSystemConformance, ReadsAtAPositionAndShortOnlyAtTheEnd) {
  Write(Path("f"), "0123456789");
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<RandomAccessFile> file, fs().OpenRead(Path("f")));
  std::string buffer(6, '-');
  ASSERT_OK_AND_ASSIGN(size_t read_bytes, file->Read(2, 6, buffer.data()));
  EXPECT_EQ(read_bytes, 6);
  EXPECT_EQ(buffer, "234567");
  ASSERT_OK_AND_ASSIGN(read_bytes, file->Read(8, 6, buffer.data()));
  EXPECT_EQ(read_bytes, 2);
  EXPECT_EQ(buffer, "894567");
  ASSERT_OK_AND_ASSIGN(read_bytes, file->Read(10, 6, buffer.data()));
  EXPECT_EQ(read_bytes, 0);
  ASSERT_OK_AND_ASSIGN(read_bytes, file->Read(1000, 6, buffer.data()));
  EXPECT_EQ(read_bytes, 0);
  ASSERT_OK_AND_ASSIGN(const uint64_t size_bytes, file->Size());
  EXPECT_EQ(size_bytes, 10);
}

TEST_P(FileSystemConformance, OpenReadNeedsAFile) {
  EXPECT_THAT(fs().OpenRead(Path("f")), StatusIs(StatusCode::kNotFound, HasSubstr(Path("f"))));
}

TEST_P(FileSystemConformance, TruncateCutsAndNeverExtends) {
  Write(Path("f"), "0123456789");
  ASSERT_OK(fs().Truncate(Path("f"), 10));
  ASSERT_OK(fs().Truncate(Path("f"), 4));
  EXPECT_EQ(Read(Path("f")), "0123");
  EXPECT_THAT(fs().Truncate(Path("f"), 5), StatusIs(StatusCode::kUnknown, HasSubstr("EINVAL")));
  EXPECT_EQ(Read(Path("f")), "0123");
  EXPECT_THAT(fs().Truncate(Path("g"), 0), StatusIs(StatusCode::kNotFound));
}

TEST_P(FileSystemConformance, LinkMakesASecondNameOfOneInode) {
  Write(Path("f"), "ab");
  ASSERT_OK(fs().Link(Path("f"), Path("g")));
  ASSERT_OK_AND_ASSIGN(const FileInfo f, fs().Stat(Path("f")));
  ASSERT_OK_AND_ASSIGN(const FileInfo g, fs().Stat(Path("g")));
  EXPECT_EQ(f.inode, g.inode);
  EXPECT_EQ(g.links, 2);
  ASSERT_OK(fs().RemoveFile(Path("f")));
  EXPECT_EQ(Read(Path("g")), "ab");
}

TEST_P(FileSystemConformance, LinkRefusesATakenName) {
  Write(Path("f"), "ab");
  Write(Path("g"), "cd");
  EXPECT_THAT(fs().Link(Path("f"), Path("g")),
              StatusIs(StatusCode::kAlreadyExists, HasSubstr("EEXIST")));
  EXPECT_THAT(fs().Link(Path("missing"), Path("h")), StatusIs(StatusCode::kNotFound));
  EXPECT_EQ(Read(Path("g")), "cd");
}

TEST_P(FileSystemConformance, SymlinkKeepsItsTextAndLeadsToTheTarget) {
  ASSERT_OK(fs().MakeDir(Path("snapshot-1")));
  Write(Path("snapshot-1/f"), "ab");
  ASSERT_OK(fs().Symlink("snapshot-1", Path("current")));
  ASSERT_OK_AND_ASSIGN(const std::string target, fs().ReadLink(Path("current")));
  EXPECT_EQ(target, "snapshot-1");
  EXPECT_EQ(Read(Path("current/f")), "ab");
  ASSERT_OK_AND_ASSIGN(const FileInfo info, fs().Stat(Path("current")));
  EXPECT_EQ(info.type, FileType::kSymlink);
  EXPECT_THAT(*fs().List(Path("current")), ElementsAre("f"));
  ASSERT_OK(fs().SyncDir(Path("current")));
}

TEST_P(FileSystemConformance, SymlinkRefusesATakenName) {
  ASSERT_OK(fs().Symlink("a", Path("current")));
  EXPECT_THAT(fs().Symlink("b", Path("current")),
              StatusIs(StatusCode::kAlreadyExists, HasSubstr(Path("current"))));
  EXPECT_EQ(*fs().ReadLink(Path("current")), "a");
}

TEST_P(FileSystemConformance, ReadLinkNeedsASymlink) {
  Write(Path("f"), "ab");
  EXPECT_THAT(fs().ReadLink(Path("f")), StatusIs(StatusCode::kUnknown, HasSubstr("EINVAL")));
  EXPECT_THAT(fs().ReadLink(Path("g")), StatusIs(StatusCode::kNotFound));
}

TEST_P(FileSystemConformance, SymlinkLoopsAndDanglingLinksAreErrors) {
  ASSERT_OK(fs().Symlink("b", Path("a")));
  ASSERT_OK(fs().Symlink("a", Path("b")));
  ASSERT_OK(fs().Symlink("nowhere", Path("dangling")));
  EXPECT_THAT(fs().OpenRead(Path("a")), StatusIs(StatusCode::kUnknown, HasSubstr("ELOOP")));
  EXPECT_THAT(fs().OpenRead(Path("dangling")), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(fs().Stat(Path("dangling")), IsOk());
}

TEST_P(FileSystemConformance, PathsMayGoUp) {
  ASSERT_OK(fs().MakeDir(Path("d")));
  ASSERT_OK(fs().MakeDir(Path("d/e")));
  Write(Path("f"), "ab");
  EXPECT_EQ(Read(Path("d/e/../../f")), "ab");
  ASSERT_OK(fs().Symlink("../../f", Path("d/e/up")));
  EXPECT_EQ(Read(Path("d/e/up")), "ab");
}

TEST_P(FileSystemConformance, RenameReplacesAtomically) {
  Write(Path("f"), "new");
  Write(Path("g"), "old");
  ASSERT_OK(fs().Rename(Path("f"), Path("g")));
  EXPECT_EQ(Read(Path("g")), "new");
  EXPECT_THAT(fs().Stat(Path("f")), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(fs().Rename(Path("f"), Path("g")), StatusIs(StatusCode::kNotFound));
}

TEST_P(FileSystemConformance, RenameSwapsASymlinkAndNotItsTarget) {
  ASSERT_OK(fs().MakeDir(Path("one")));
  ASSERT_OK(fs().Symlink("one", Path("current")));
  ASSERT_OK(fs().Symlink("two", Path("current-tmp")));
  ASSERT_OK(fs().Rename(Path("current-tmp"), Path("current")));
  EXPECT_EQ(*fs().ReadLink(Path("current")), "two");
  EXPECT_THAT(fs().Stat(Path("one")), IsOk());
}

TEST_P(FileSystemConformance, RenameMovesDirectoriesWithTheirContent) {
  ASSERT_OK(fs().MakeDir(Path("d")));
  ASSERT_OK(fs().MakeDir(Path("e")));
  Write(Path("d/f"), "ab");
  ASSERT_OK(fs().Rename(Path("d"), Path("e/d")));
  EXPECT_EQ(Read(Path("e/d/f")), "ab");
  ASSERT_OK(fs().MakeDir(Path("full")));
  Write(Path("full/f"), "ab");
  EXPECT_THAT(fs().Rename(Path("e/d"), Path("full")),
              StatusIs(StatusCode::kUnknown, HasSubstr("ENOTEMPTY")));
  ASSERT_OK(fs().RemoveFile(Path("full/f")));
  ASSERT_OK(fs().Rename(Path("e/d"), Path("full")));
  EXPECT_THAT(*fs().List(Path("full")), ElementsAre("f"));
}

TEST_P(FileSystemConformance, RenameKeepsFilesAndDirectoriesApart) {
  ASSERT_OK(fs().MakeDir(Path("d")));
  Write(Path("f"), "ab");
  EXPECT_THAT(fs().Rename(Path("d"), Path("f")),
              StatusIs(StatusCode::kUnknown, HasSubstr("ENOTDIR")));
  EXPECT_THAT(fs().Rename(Path("f"), Path("d")),
              StatusIs(StatusCode::kUnknown, HasSubstr("EISDIR")));
}

TEST_P(FileSystemConformance, ExchangeSwapsTwoDirectoriesWithTheirContent) {
  ASSERT_OK(fs().MakeDir(Path("d")));
  Write(Path("d/f"), "ab");
  ASSERT_OK(fs().MakeDir(Path("e")));
  ASSERT_OK(fs().MakeDir(Path("e/d")));
  Write(Path("e/d/g"), "cd");
  ASSERT_OK(fs().Exchange(Path("e/d"), Path("d")));
  EXPECT_EQ(Read(Path("d/g")), "cd");
  EXPECT_EQ(Read(Path("e/d/f")), "ab");
  EXPECT_THAT(fs().Exchange(Path("absent"), Path("d")), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(fs().Exchange(Path("d"), Path("absent")), StatusIs(StatusCode::kNotFound));
  EXPECT_EQ(Read(Path("d/g")), "cd");
}

TEST_P(FileSystemConformance, RemoveFileRemovesFilesAndSymlinksOnly) {
  ASSERT_OK(fs().MakeDir(Path("d")));
  ASSERT_OK(fs().Symlink("d", Path("link")));
  ASSERT_OK(fs().RemoveFile(Path("link")));
  EXPECT_THAT(fs().Stat(Path("d")), IsOk());
  EXPECT_THAT(fs().RemoveFile(Path("d")), StatusIs(StatusCode::kUnknown, HasSubstr("EISDIR")));
  EXPECT_THAT(fs().RemoveFile(Path("link")), StatusIs(StatusCode::kNotFound));
}

TEST_P(FileSystemConformance, RemoveDirNeedsAnEmptyDirectory) {
  ASSERT_OK(fs().MakeDir(Path("d")));
  Write(Path("d/f"), "ab");
  EXPECT_THAT(fs().RemoveDir(Path("d")), StatusIs(StatusCode::kUnknown, HasSubstr("ENOTEMPTY")));
  EXPECT_THAT(fs().RemoveDir(Path("d/f")), StatusIs(StatusCode::kUnknown, HasSubstr("ENOTDIR")));
  ASSERT_OK(fs().RemoveFile(Path("d/f")));
  ASSERT_OK(fs().RemoveDir(Path("d")));
  EXPECT_THAT(fs().RemoveDir(Path("d")), StatusIs(StatusCode::kNotFound));
}

TEST_P(FileSystemConformance, MakeDirRefusesATakenName) {
  ASSERT_OK(fs().MakeDir(Path("d")));
  Write(Path("f"), "ab");
  EXPECT_THAT(fs().MakeDir(Path("d")), StatusIs(StatusCode::kAlreadyExists));
  EXPECT_THAT(fs().MakeDir(Path("f")), StatusIs(StatusCode::kAlreadyExists));
  EXPECT_THAT(fs().MakeDir(Path("x/y")), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(fs().MakeDir(Path("f/y")), StatusIs(StatusCode::kUnknown, HasSubstr("ENOTDIR")));
}

TEST_P(FileSystemConformance, ListIsSortedAndWithoutDots) {
  ASSERT_OK(fs().MakeDir(Path("d")));
  EXPECT_THAT(*fs().List(Path("d")), IsEmpty());
  Write(Path("d/b"), "");
  Write(Path("d/a"), "");
  ASSERT_OK(fs().MakeDir(Path("d/c")));
  ASSERT_OK(fs().Symlink("nowhere", Path("d/.hidden")));
  EXPECT_THAT(*fs().List(Path("d")), ElementsAre(".hidden", "a", "b", "c"));
  EXPECT_THAT(fs().List(Path("x")), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(fs().List(Path("d/a")), StatusIs(StatusCode::kUnknown, HasSubstr("ENOTDIR")));
}

TEST_P(FileSystemConformance, StatTellsTypeAndSize) {
  Write(Path("f"), "abc");
  ASSERT_OK(fs().MakeDir(Path("d")));
  ASSERT_OK_AND_ASSIGN(const FileInfo file, fs().Stat(Path("f")));
  EXPECT_EQ(file.type, FileType::kRegular);
  EXPECT_EQ(file.size_bytes, 3);
  EXPECT_EQ(file.links, 1);
  ASSERT_OK_AND_ASSIGN(const FileInfo directory, fs().Stat(Path("d")));
  EXPECT_EQ(directory.type, FileType::kDirectory);
  EXPECT_NE(directory.inode, file.inode);
  EXPECT_THAT(fs().Stat(Path("x")), StatusIs(StatusCode::kNotFound, HasSubstr("ENOENT")));
}

TEST_P(FileSystemConformance, SyncDirNeedsADirectory) {
  Write(Path("f"), "abc");
  ASSERT_OK(fs().SyncDir(Path(".")));
  EXPECT_THAT(fs().SyncDir(Path("f")), StatusIs(StatusCode::kUnknown, HasSubstr("ENOTDIR")));
  EXPECT_THAT(fs().SyncDir(Path("x")), StatusIs(StatusCode::kNotFound));
}

TEST_P(FileSystemConformance, LockExcludesWithinOneProcessAndNamesTheHolder) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<FileLock> lock, fs().Lock(Path("LOCK")));
  const std::string pid = Read(Path("LOCK"));
  EXPECT_EQ(pid, std::to_string(getpid()) + "\n");
  const StatusOr<std::unique_ptr<FileLock>> second = fs().Lock(Path("LOCK"));
  EXPECT_THAT(second, HasReason(Reason::kLocked));
  EXPECT_THAT(second,
              StatusIs(StatusCode::kFailedPrecondition,
                       "lock " + Path("LOCK") + ": held by process " + std::to_string(getpid())));
  lock.reset();
  EXPECT_THAT(fs().Lock(Path("LOCK")), IsOk());
}

TEST_P(FileSystemConformance, LockReplacesTheIdOfAnEarlierHolder) {
  Write(Path("LOCK"), "12345678901234567890\n");
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<FileLock> lock, fs().Lock(Path("LOCK")));
  EXPECT_EQ(Read(Path("LOCK")), std::to_string(getpid()) + "\n");
}

TEST_P(FileSystemConformance, FreeBytesNeedsAnExistingPath) {
  ASSERT_OK_AND_ASSIGN(const uint64_t free_bytes, fs().FreeBytes(Path(".")));
  EXPECT_GT(free_bytes, 0);
  EXPECT_THAT(fs().FreeBytes(Path("x")), StatusIs(StatusCode::kNotFound));
}

}  // namespace
}  // namespace flatkv
