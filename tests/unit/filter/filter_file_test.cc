#include "flatkv/filter/filter_file.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <string>

#include "flatkv/filter/filter_header.h"
#include "flatkv/filter/filter_layer.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/posix_file_system.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tree_digest.h"
#include "tests/unit/filter/filter_test_util.h"

namespace flatkv {
namespace {

using test::AddRange;
using test::BytesOf;
using test::CountContained;
using test::FaultFileSystem;
using test::FaultRule;
using test::FsOp;
using test::kStoreId;
using test::MemFileSystem;
using test::NewFilter;
using test::ReadAll;
using test::StatusIs;
using test::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr uint64_t kSeed = 21;
constexpr char kPath[] = "/filter";
constexpr size_t kMiB = size_t{1} << 20;

const FilterFileInfo kInfo{kStoreId, 300};

testing::Matcher<StatusOr<LoadedFilter>> IsDataLoss(const std::string& cause) {
  return StatusIs(StatusCode::kDataLoss,
                  AllOf(HasSubstr(fmt::format("filter file {}: ", kPath)), HasSubstr(cause)));
}

// A file of one small layer.
std::string SmallFile(MemFileSystem& disk) {
  const auto filter = NewFilter(0);
  AddRange(*filter, kSeed, 0, 1000);
  EXPECT_OK(WriteFilterFile(disk, kPath, *filter, kInfo));
  return ReadAll(disk, kPath);
}

TEST(FilterFile, GivesTheFilterBack) {
  MemFileSystem disk;
  const auto filter = NewFilter(5000);
  AddRange(*filter, kSeed, 0, 50'000);
  ASSERT_EQ(filter->layers(), 4u);
  ASSERT_OK(WriteFilterFile(disk, kPath, *filter, kInfo));
  ASSERT_OK_AND_ASSIGN(const LoadedFilter loaded, ReadFilterFile(disk, kPath));
  EXPECT_EQ(loaded.info, kInfo);
  EXPECT_EQ(loaded.filter->seed(), filter->seed());
  EXPECT_EQ(loaded.filter->keys(), filter->keys());
  EXPECT_EQ(loaded.filter->layers(), filter->layers());
  EXPECT_EQ(loaded.filter->HashOf(DataDb::kMisc, "a"), filter->HashOf(DataDb::kMisc, "a"));
  EXPECT_TRUE(BytesOf(*loaded.filter) == BytesOf(*filter));
  // Both go on in the same way.
  AddRange(*filter, kSeed, 50'000, 100'000);
  AddRange(*loaded.filter, kSeed, 50'000, 100'000);
  EXPECT_EQ(loaded.filter->layers(), 5u);
  EXPECT_TRUE(BytesOf(*loaded.filter) == BytesOf(*filter));
}

TEST(FilterFile, OfAnEmptyFilterIsOne) {
  MemFileSystem disk;
  ASSERT_OK(WriteFilterFile(disk, kPath, *NewFilter(0), {kStoreId, 0}));
  ASSERT_OK_AND_ASSIGN(const LoadedFilter loaded, ReadFilterFile(disk, kPath));
  EXPECT_EQ(loaded.filter->keys(), 0u);
  EXPECT_EQ(CountContained(*loaded.filter, kSeed, 0, 1000), 0u);
}

// A file of this form must stay readable, and writing the same must give the same.
TEST(FilterFile, IsTheSameBytesAsEver) {
  const std::string golden = ReadAll(PosixFileSystem(), FLATKV_GOLDEN_FILTER_FILE);
  MemFileSystem disk;
  const auto filter = NewFilter(0);
  for (int i = 0; i < 500; ++i) {
    filter->Add(
        filter->HashOf(kAllDataDbs[static_cast<size_t>(i) % kDataDbs], fmt::format("evm/{}", i)));
  }
  ASSERT_OK(WriteFilterFile(disk, kPath, *filter, kInfo));
  EXPECT_TRUE(ReadAll(disk, kPath) == golden);
}

TEST(FilterFile, IsWrittenAndReadInPieces) {
  MemFileSystem disk;
  FaultFileSystem fs(disk);
  size_t reads = 0;
  fs.SetHook([&reads](const test::FsCall& call) {
    reads += call.op == FsOp::kRead ? 1u : 0u;
    return OkStatus();
  });
  // 9 MiB and a bit.
  const auto filter = NewFilter(9 * kMiB * 8 / 12 + 100);
  AddRange(*filter, kSeed, 0, 100'000);
  ASSERT_OK(WriteFilterFile(fs, kPath, *filter, kInfo));
  size_t appends = 0;
  size_t writebacks = 0;
  for (const std::string& call : fs.trace()) {
    appends += call == "append /filter-tmp" ? 1u : 0u;
    writebacks += call == "writeback /filter-tmp" ? 1u : 0u;
  }
  EXPECT_EQ(appends, 1 + 10 + 1u);
  EXPECT_EQ(writebacks, 1u) << ::testing::PrintToString(fs.trace());
  ASSERT_OK_AND_ASSIGN(const LoadedFilter loaded, ReadFilterFile(fs, kPath));
  EXPECT_EQ(reads, 1 + 10 + 1u);
  EXPECT_TRUE(BytesOf(*loaded.filter) == BytesOf(*filter));
}

TEST(FilterFile, WorksOnTheRealFileSystem) {
  const TempDir dir;
  const auto filter = NewFilter(100'000);
  AddRange(*filter, kSeed, 0, 100'000);
  ASSERT_OK(WriteFilterFile(PosixFileSystem(), dir.File("filter"), *filter, kInfo));
  ASSERT_OK_AND_ASSIGN(const LoadedFilter loaded,
                       ReadFilterFile(PosixFileSystem(), dir.File("filter")));
  EXPECT_TRUE(BytesOf(*loaded.filter) == BytesOf(*filter));
}

// An Add in the middle of the writing: its key may be in the file, those before must be.
TEST(FilterFile, WrittenDuringAddsHasEveryEarlierKey) {
  const auto filter = NewFilter(2 * kMiB);
  AddRange(*filter, kSeed, 0, 10'000);
  MemFileSystem disk;
  FaultFileSystem fs(disk);
  uint64_t added = 10'000;
  fs.SetHook([&](const test::FsCall& call) {
    if (call.op == FsOp::kAppend) {
      AddRange(*filter, kSeed, added, added + 800'000);
      added += 800'000;
    }
    return OkStatus();
  });
  ASSERT_OK(WriteFilterFile(fs, kPath, *filter, kInfo));
  // The growth in the meantime is not in the file, whose digest is right.
  ASSERT_GT(filter->layers(), 1u);
  ASSERT_OK_AND_ASSIGN(const LoadedFilter loaded, ReadFilterFile(disk, kPath));
  EXPECT_EQ(loaded.filter->layers(), 1u);
  EXPECT_EQ(CountContained(*loaded.filter, kSeed, 0, 10'000), 10'000u);
}

TEST(FilterFile, IsRefusedWithAnyBitFlipped) {
  MemFileSystem disk;
  const std::string file = SmallFile(disk);
  ASSERT_EQ(file.size(), 512 + 4096 + 16u);
  for (size_t at = 0; at < file.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      disk.FlipBit(kPath, at, bit);
      ASSERT_THAT(ReadFilterFile(disk, kPath),
                  IsDataLoss(at < 8     ? "magic"
                             : at < 12  ? "format"
                             : at < 512 ? "the header's digest does not match"
                                        : "the digest does not match"))
          << "byte " << at << " bit " << bit;
      disk.FlipBit(kPath, at, bit);
    }
  }
  EXPECT_OK(ReadFilterFile(disk, kPath));
}

TEST(FilterFile, IsRefusedWithAnyPartCutOff) {
  MemFileSystem disk;
  const std::string file = SmallFile(disk);
  for (size_t size_bytes = 0; size_bytes < file.size(); ++size_bytes) {
    disk.Overwrite(kPath, file.substr(0, size_bytes));
    ASSERT_THAT(ReadFilterFile(disk, kPath), IsDataLoss(fmt::format("{} bytes", size_bytes)));
  }
  disk.Overwrite(kPath, file + '\0');
  EXPECT_THAT(ReadFilterFile(disk, kPath), IsDataLoss("it holds 4625 bytes, its layers need 4624"));
}

// The file becomes shorter between asking for its size and reading it.
TEST(FilterFile, IsRefusedWhenItEndsEarly) {
  MemFileSystem disk;
  const std::string file = SmallFile(disk);
  for (const size_t size_bytes : {size_t{511}, size_t{512}, size_t{4000}, size_t{4623}}) {
    disk.Overwrite(kPath, file);
    FaultFileSystem fs(disk);
    fs.SetHook([&](const test::FsCall& call) {
      if (call.op == FsOp::kRead) {
        disk.Resize(kPath, size_bytes);
      }
      return OkStatus();
    });
    EXPECT_THAT(ReadFilterFile(fs, kPath), IsDataLoss(fmt::format("ends at {} bytes", size_bytes)));
  }
}

// A right header makes no memory be taken that the file does not back.
TEST(FilterFile, IsRefusedWhenItsLayersAreLargerThanIt) {
  MemFileSystem disk;
  ASSERT_OK(WriteFileDurably(disk, kPath, ""));
  filter_internal::FilterHeader header;
  header.store_id = kStoreId;
  header.layers.assign(KeyFilter::kLayersMax, {filter_internal::kLayerBlocksMax, 0});
  disk.Overwrite(kPath, filter_internal::EncodeHeader(header) + std::string(5000, 'x'));
  EXPECT_THAT(ReadFilterFile(disk, kPath),
              IsDataLoss("it holds 5512 bytes, its layers need 206158430736"));
}

TEST(FilterFile, ThatIsAbsentIsNotFound) {
  MemFileSystem disk;
  EXPECT_THAT(ReadFilterFile(disk, kPath), StatusIs(StatusCode::kNotFound, HasSubstr(kPath)));
}

TEST(FilterFile, FailedReadsAreNotDamage) {
  MemFileSystem disk;
  SmallFile(disk);
  for (const FsOp op : {FsOp::kOpenRead, FsOp::kSize, FsOp::kRead}) {
    for (uint64_t skip = 0; skip < (op == FsOp::kRead ? 3u : 1u); ++skip) {
      FaultFileSystem fs(disk);
      FaultRule rule;
      rule.op = op;
      rule.skip = skip;
      fs.AddRule(rule);
      EXPECT_THAT(ReadFilterFile(fs, kPath), StatusIs(StatusCode::kUnknown, HasSubstr("EIO")));
    }
  }
}

TEST(FilterFile, LargerThanItsLimitIsNotLoaded) {
  MemFileSystem disk;
  SmallFile(disk);
  EXPECT_THAT(ReadFilterFile(disk, kPath, 4095),
              StatusIs(StatusCode::kResourceExhausted,
                       "filter file /filter: its layers have 4096 bytes, the limit is 4095"));
  // The limit holds for what is added later.
  ASSERT_OK_AND_ASSIGN(const LoadedFilter loaded, ReadFilterFile(disk, kPath, 4096 * 3));
  AddRange(*loaded.filter, kSeed, 0, 30'000);
  EXPECT_EQ(loaded.filter->size_bytes(), 4096u * 3);
  EXPECT_EQ(CountContained(*loaded.filter, kSeed, 0, 30'000), 30'000u);
}

TEST(FilterFile, IsNotWrittenForAnInfoThatCannotStandInIt) {
  MemFileSystem disk;
  const auto filter = NewFilter(0);
  EXPECT_THAT(WriteFilterFile(disk, kPath, *filter, {"store", 1}),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(WriteFilterFile(disk, kPath, *filter, {kStoreId, -1}),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_EQ(test::TreeText(disk, "/"), "");
}

}  // namespace
}  // namespace flatkv
