#include "flatkv/snapshot/snapshot_files.h"

#include <gtest/gtest.h>

#include <functional>

#include "flatkv/base/hex.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/fs/posix_file_system.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/snapshot/snapshot_test_util.h"

namespace flatkv {
namespace {

using test::FaultFileSystem;
using test::FaultRule;
using test::FsOp;
using test::HasReason;
using test::kStore;
using test::MemFileSystem;
using test::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::string Hex(const FileDigest& digest) {
  return HexEncode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

class CheckSnapshotFilesTest : public testing::Test {
 protected:
  CheckSnapshotFilesTest() : snapshots_(disk_, kStore) {
    EXPECT_OK(MakeDirsDurably(disk_, kStore));
    EXPECT_OK(TakeSnapshot(disk_, snapshots_, 7));
    manifest_ = *snapshots_.ReadManifest(7);
    directory_ = snapshots_.PathOf(7);
  }

  std::vector<std::string> Check(FileCheck check) { return Check(disk_, check); }
  std::vector<std::string> Check(FileSystem& fs, FileCheck check) {
    const auto findings = CheckSnapshotFiles(fs, directory_, manifest_, check, nullptr);
    EXPECT_OK(findings);
    return findings.value_or(std::vector<std::string>{"(failed)"});
  }
  // Both checks after `damage` on a copy of the disk: one finding about `path` that says `what`.
  void ExpectFound(const std::function<Status(MemFileSystem&, const std::string&)>& damage,
                   const std::string& path, const std::string& what, bool needs_digests = false) {
    SCOPED_TRACE(path + ": " + what);
    const std::unique_ptr<MemFileSystem> disk = disk_.Clone();
    ASSERT_OK(damage(*disk, JoinPath(directory_, path)));
    const auto found = ElementsAre(AllOf(StartsWith(path + ": "), HasSubstr(what)));
    EXPECT_THAT(Check(*disk, FileCheck::kDigests), found);
    if (needs_digests) {
      EXPECT_THAT(Check(*disk, FileCheck::kSizes), IsEmpty());
    } else {
      EXPECT_THAT(Check(*disk, FileCheck::kSizes), found);
    }
  }

  MemFileSystem disk_;
  SnapshotSet snapshots_;
  SnapshotManifest manifest_;
  std::string directory_;
};

TEST(DigestFile, IsXxh3Of128BitsBigEndian) {
  MemFileSystem disk;
  ASSERT_OK(WriteFileDurably(disk, "/f", ""));
  EXPECT_EQ(Hex(*DigestFile(disk, "/f")), "99aa06d3014798d86001c324468d497f");
  ASSERT_OK(WriteFileDurably(disk, "/f", "abc"));
  EXPECT_EQ(Hex(*DigestFile(disk, "/f")), "06b05ab6733a618578af5f94892f3950");
}

TEST(DigestFile, DoesNotDependOnThePieces) {
  MemFileSystem disk;
  const std::string content(size_t{3} << 20, 'x');
  for (const size_t size : {content.size() - 1, content.size(), (size_t{1} << 20) - 1,
                            size_t{1} << 20, (size_t{1} << 20) + 1}) {
    ASSERT_OK(WriteFileDurably(disk, "/f", content.substr(0, size)));
    ASSERT_OK_AND_ASSIGN(const FileDigest digest, DigestFile(disk, "/f"));
    // One more byte is another digest.
    ASSERT_OK(WriteFileDurably(disk, "/g", content.substr(0, size) + "x"));
    EXPECT_NE(*DigestFile(disk, "/g"), digest);
    ASSERT_OK(WriteFileDurably(disk, "/g", content.substr(0, size)));
    EXPECT_EQ(*DigestFile(disk, "/g"), digest);
  }
}

TEST(DigestFile, FollowsNoSymlink) {
  MemFileSystem disk;
  ASSERT_OK(WriteFileDurably(disk, "/f", "abc"));
  ASSERT_OK(disk.Symlink("/f", "/link"));
  EXPECT_THAT(DigestFile(disk, "/link"), AllOf(StatusIs(StatusCode::kDataLoss, HasSubstr("/link")),
                                               HasReason(Reason::kSnapshotCorrupt)));
  EXPECT_THAT(DigestFile(disk, "/"), StatusIs(StatusCode::kDataLoss));
  EXPECT_THAT(DigestFile(disk, "/none"), StatusIs(StatusCode::kNotFound));
}

TEST(DigestFile, WorksOnTheRealFileSystem) {
  test::TempDir temp;
  ASSERT_OK(WriteFileDurably(PosixFileSystem(), temp.File("f"), "abc"));
  EXPECT_EQ(Hex(*DigestFile(PosixFileSystem(), temp.File("f"))),
            "06b05ab6733a618578af5f94892f3950");
}

TEST_F(CheckSnapshotFilesTest, FindsNothingInAWholeSnapshot) {
  EXPECT_THAT(Check(FileCheck::kSizes), IsEmpty());
  EXPECT_THAT(Check(FileCheck::kDigests), IsEmpty());
}

TEST_F(CheckSnapshotFilesTest, NamesEveryFileForEveryKindOfDamage) {
  for (const SnapshotFile& file : manifest_.files) {
    ExpectFound([](MemFileSystem& disk, const std::string& path) { return disk.RemoveFile(path); },
                file.path, "missing");
    ExpectFound(
        [](MemFileSystem& disk, const std::string& path) {
          disk.Resize(path, disk.Stat(path)->size_bytes - 1);
          return OkStatus();
        },
        file.path, "the manifest says");
    ExpectFound(
        [](MemFileSystem& disk, const std::string& path) {
          disk.Resize(path, disk.Stat(path)->size_bytes + 1);
          return OkStatus();
        },
        file.path, "the manifest says");
    ExpectFound(
        [](MemFileSystem& disk, const std::string& path) {
          disk.FlipBit(path, disk.Stat(path)->size_bytes - 1, 3);
          return OkStatus();
        },
        file.path, "has the digest", /*needs_digests=*/true);
    ExpectFound(
        [](MemFileSystem& disk, const std::string& path) {
          RETURN_IF_ERROR(disk.Rename(path, "/elsewhere"));
          return disk.Symlink("/elsewhere", path);
        },
        file.path, "not a regular file");
    ExpectFound(
        [](MemFileSystem& disk, const std::string& path) {
          RETURN_IF_ERROR(disk.RemoveFile(path));
          return disk.MakeDir(path);
        },
        file.path, "not a regular file");
  }
}

TEST_F(CheckSnapshotFilesTest, NamesWhatIsNotInTheManifest) {
  for (const char* path : {"extra", "account/extra", "storage/000006.sst", "SNAPSHOT-tmp"}) {
    ExpectFound([](MemFileSystem& disk, const std::string& p) { return disk.MakeDir(p); }, path,
                "not in the manifest");
    ExpectFound([](MemFileSystem& disk, const std::string& p) { return disk.Symlink("/store", p); },
                path, "not in the manifest");
    ExpectFound([](MemFileSystem& disk, const std::string& p) { return WriteSynced(disk, p, ""); },
                path, "not in the manifest");
  }
}

TEST_F(CheckSnapshotFilesTest, FollowsNoSymlinkInPlaceOfADb) {
  ASSERT_OK(disk_.Rename(directory_ + "/code", "/code"));
  ASSERT_OK(disk_.Symlink("/code", directory_ + "/code"));
  EXPECT_THAT(Check(FileCheck::kDigests),
              ElementsAre("code: not a directory", "code/000005.sst: missing",
                          "code/CURRENT: missing", "code/MANIFEST-000004: missing"));
}

TEST_F(CheckSnapshotFilesTest, NamesAMissingDb) {
  ASSERT_OK(RemoveTreeDurably(disk_, directory_ + "/code"));
  EXPECT_THAT(Check(FileCheck::kSizes),
              ElementsAre("code: missing", "code/000005.sst: missing", "code/CURRENT: missing",
                          "code/MANIFEST-000004: missing"));
}

TEST_F(CheckSnapshotFilesTest, NamesAManifestThatIsNoRegularFile) {
  ExpectFound(
      [](MemFileSystem& disk, const std::string& path) {
        RETURN_IF_ERROR(disk.Rename(path, "/elsewhere"));
        return disk.Symlink("/elsewhere", path);
      },
      "SNAPSHOT", "not a regular file");
}

TEST_F(CheckSnapshotFilesTest, AnUnreadableFileIsAFinding) {
  for (const FsOp op : {FsOp::kStat, FsOp::kOpenRead, FsOp::kRead}) {
    FaultFileSystem fs(disk_);
    FaultRule rule;
    rule.op = op;
    rule.path_contains = "misc/CURRENT";
    fs.AddRule(rule);
    EXPECT_THAT(Check(fs, FileCheck::kDigests),
                ElementsAre(AllOf(StartsWith("misc/CURRENT: cannot be read"), HasSubstr("EIO"))));
  }
}

TEST_F(CheckSnapshotFilesTest, AnUnreadableDirectoryIsAnError) {
  for (const char* path : {"snapshot-00000000000000000007", "misc"}) {
    FaultFileSystem fs(disk_);
    FaultRule rule;
    rule.op = FsOp::kList;
    rule.path_contains = path;
    fs.AddRule(rule);
    EXPECT_THAT(CheckSnapshotFiles(fs, directory_, manifest_, FileCheck::kSizes, nullptr),
                StatusIs(StatusCode::kUnknown, HasSubstr(path)));
  }
}

TEST_F(CheckSnapshotFilesTest, ReportsProgressUpToTheWholeSize) {
  uint64_t last = 0;
  uint64_t calls = 0;
  const FileProgress progress = [&](uint64_t bytes_done) {
    EXPECT_GE(bytes_done, last);
    last = bytes_done;
    ++calls;
    return true;
  };
  EXPECT_OK(CheckSnapshotFiles(disk_, directory_, manifest_, FileCheck::kDigests, progress));
  EXPECT_EQ(last, manifest_.TotalBytes());
  EXPECT_GE(calls, manifest_.files.size());
}

TEST_F(CheckSnapshotFilesTest, IsCancelledAtEveryCall) {
  for (const FileCheck check : {FileCheck::kSizes, FileCheck::kDigests}) {
    for (uint64_t allowed = 0;; ++allowed) {
      uint64_t calls = 0;
      const FileProgress progress = [&](uint64_t) { return calls++ < allowed; };
      const auto findings = CheckSnapshotFiles(disk_, directory_, manifest_, check, progress);
      if (calls <= allowed) {
        EXPECT_OK(findings);
        EXPECT_GE(allowed, manifest_.files.size());
        break;
      }
      EXPECT_THAT(findings, StatusIs(StatusCode::kCancelled, "cancelled"));
    }
  }
}

}  // namespace
}  // namespace flatkv
