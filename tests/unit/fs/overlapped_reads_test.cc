#include "flatkv/fs/overlapped_reads.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/posix_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace flatkv::test {
namespace {

constexpr size_t kTasks = 20;
constexpr size_t kFileBytes = (size_t{1} << 20) + 123;

class OverlappedReadsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::mt19937_64 random(7);
    content_.resize(kFileBytes);
    for (char& byte : content_) {
      byte = static_cast<char>(random());
    }
    ASSERT_OK(WriteFileDurably(fs_, dir_.File("f"), content_));
    ASSERT_OK_AND_ASSIGN(file_, fs_.OpenRead(dir_.File("f")));
    ASSERT_OK_AND_ASSIGN(reads_, fs_.MakeOverlappedReads(kTasks));
  }

  // Whether the file system of the directory has reads past the page cache.
  bool AreOverlapped() {
    const uint64_t before = reads_->reads();
    reads_->Run(1, [&] { EXPECT_EQ(Read(*file_, 5, 10), content_.substr(5, 10)); });
    return reads_->reads() == before + 1;
  }
  static std::string Read(const RandomAccessFile& file, uint64_t offset, size_t size_bytes) {
    std::string bytes(size_bytes, '\0');
    const StatusOr<size_t> size = file.Read(offset, size_bytes, bytes.data());
    EXPECT_OK(size);
    bytes.resize(size.value_or(0));
    return bytes;
  }

  const TempDir dir_;
  FileSystem& fs_ = PosixFileSystem();
  std::string content_;
  std::unique_ptr<RandomAccessFile> file_;
  std::unique_ptr<OverlappedReads> reads_;
};

TEST_F(OverlappedReadsTest, GiveWhatPlainReadsGive) {
  constexpr uint64_t kSeed = 20;
  SCOPED_TRACE(kSeed);
  std::mt19937_64 random(kSeed);
  int left = 2000;
  reads_->Run(kTasks, [&] {
    while (left-- > 0) {
      const uint64_t offset = random() % (kFileBytes + 5000);
      // Some are larger than what overlaps.
      const size_t size = random() % (OverlappedReads::kReadBytesMax + 4000);
      const std::string wanted = offset < kFileBytes ? content_.substr(offset, size) : "";
      EXPECT_TRUE(Read(*file_, offset, size) == wanted) << size << " bytes at " << offset;
    }
  });
  EXPECT_LT(left, 0);
}

TEST_F(OverlappedReadsTest, GiveTheEndOfAFileOfWholeBlocks) {
  const std::string two_pages(8192, 'x');
  ASSERT_OK(WriteFileDurably(fs_, dir_.File("g"), two_pages));
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<RandomAccessFile> file, fs_.OpenRead(dir_.File("g")));
  reads_->Run(1, [&] {
    EXPECT_EQ(Read(*file, 8000, 1000), two_pages.substr(8000));
    EXPECT_EQ(Read(*file, 8192, 10), "");
    EXPECT_EQ(Read(*file, 0, 8192), two_pages);
  });
}

TEST_F(OverlappedReadsTest, OtherTasksGoOnWhileOneReads) {
  if (!AreOverlapped()) {
    GTEST_SKIP() << "no reads past the page cache in " << dir_.path();
  }
  int begun = 0;
  int ended = 0;
  reads_->Run(kTasks, [&] {
    const uint64_t offset = static_cast<uint64_t>(begun) * 40'000;
    ++begun;
    EXPECT_EQ(Read(*file_, offset, 4096), content_.substr(offset, 4096));
    if (ended++ == 0) {
      EXPECT_EQ(begun, static_cast<int>(kTasks)) << "all wait before the first has its answer";
    }
  });
  EXPECT_EQ(ended, static_cast<int>(kTasks));
}

TEST_F(OverlappedReadsTest, OfOnePlaceAtOneTimeAskTheDeviceOnce) {
  if (!AreOverlapped()) {
    GTEST_SKIP() << "no reads past the page cache in " << dir_.path();
  }
  const uint64_t before = fs_.DeviceReadsOfThisThread();
  reads_->Run(1, [&] { Read(*file_, 4096, 4096); });
  const uint64_t of_one = fs_.DeviceReadsOfThisThread() - before;
  if (of_one == 0) {
    GTEST_SKIP() << "this kernel does not count reads of the device";
  }
  size_t right = 0;
  reads_->Run(kTasks, [&] {
    right += Read(*file_, 8192, 4096) == content_.substr(8192, 4096) ? 1U : 0U;
    // The next one, while others have not looked at the first yet.
    right += Read(*file_, 40'960, 4096) == content_.substr(40'960, 4096) ? 1U : 0U;
  });
  EXPECT_EQ(right, 2 * kTasks);
  EXPECT_LE(fs_.DeviceReadsOfThisThread() - before, 4 * of_one)
      << kTasks << " tasks, two places and the one before";
}

TEST_F(OverlappedReadsTest, OfAFileWithoutANameGoOn) {
  ASSERT_OK(fs_.RemoveFile(dir_.File("f")));
  const bool overlapped = AreOverlapped();
  reads_->Run(kTasks,
              [&] { EXPECT_EQ(Read(*file_, 70'000, 4096), content_.substr(70'000, 4096)); });
  EXPECT_EQ(reads_->refused(), overlapped ? 0u : kTasks + 1);
}

TEST_F(OverlappedReadsTest, ArePlainWhereThereAreNoOthers) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<RandomAccessFile> zeros,
                       fs_.OpenRead("/proc/version"));
  const std::string wanted = Read(*zeros, 0, 100);
  ASSERT_FALSE(wanted.empty());
  reads_->Run(3, [&] { EXPECT_EQ(Read(*zeros, 0, 100), wanted); });
  EXPECT_EQ(reads_->refused(), 3u);
  EXPECT_EQ(reads_->reads(), 0u);
}

TEST_F(OverlappedReadsTest, TooLargeOnesAreNoRefusal) {
  constexpr size_t kTooLarge = OverlappedReads::kReadBytesMax + 1;
  reads_->Run(1, [&] { EXPECT_TRUE(Read(*file_, 9, kTooLarge) == content_.substr(9, kTooLarge)); });
  EXPECT_EQ(reads_->refused(), 0u);
}

TEST_F(OverlappedReadsTest, RunAgainAndWithFewerTasks) {
  int ran = 0;
  for (size_t tasks = 0; tasks <= kTasks; ++tasks) {
    reads_->Run(tasks, [&] {
      ++ran;
      if (ran % 3 != 0) {  // others read nothing
        EXPECT_EQ(Read(*file_, 300, 40), content_.substr(300, 40));
      }
    });
    EXPECT_EQ(OverlappedReads::OfThisTask(), nullptr);
  }
  EXPECT_EQ(ran, static_cast<int>(kTasks * (kTasks + 1) / 2));
}

}  // namespace
}  // namespace flatkv::test
