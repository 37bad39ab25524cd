// Which reads of tables have what follows read ahead.
#include "flatkv/engine/ordered_reads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "flatkv/engine/leveldb_files.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/engine/engine_session.h"

namespace flatkv::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr uint64_t kBlock = 4 << 10;
constexpr uint64_t kWindow = 512 << 10;

// What files were hinted.
struct Hints {
  std::atomic<int> lookups_expected{0};
  const std::thread::id owner = std::this_thread::get_id();
  std::vector<std::pair<uint64_t, uint64_t>> ahead;  // by the owner: offset and size, in order
  std::atomic<int> ahead_by_others{0};
};

// A file of zeros without an end, or one of another file system.
class HintedFile : public RandomAccessFile {
 public:
  explicit HintedFile(Hints& hints, std::unique_ptr<RandomAccessFile> base = nullptr)
      : hints_(hints), base_(std::move(base)) {}
  StatusOr<size_t> Read(uint64_t offset, size_t size_bytes, char* buffer) const override {
    if (base_ != nullptr) {
      return base_->Read(offset, size_bytes, buffer);
    }
    std::memset(buffer, 0, size_bytes);
    return size_bytes;
  }
  StatusOr<uint64_t> Size() const override { return base_ != nullptr ? base_->Size() : UINT64_MAX; }
  void ExpectLookups() const override { ++hints_.lookups_expected; }
  void ReadAhead(uint64_t offset, uint64_t size_bytes) const override {
    if (std::this_thread::get_id() == hints_.owner) {
      hints_.ahead.emplace_back(offset, size_bytes);
    } else {
      ++hints_.ahead_by_others;
    }
  }

 private:
  Hints& hints_;
  const std::unique_ptr<RandomAccessFile> base_;
};

class OrderedReadsTest : public ::testing::Test {
 protected:
  void Read(uint64_t offset) {
    std::vector<char> scratch(kBlock);
    leveldb::Slice result;
    ASSERT_TRUE(table_->Read(offset, kBlock, &result, scratch.data()).ok());
    ASSERT_EQ(result.size(), kBlock);
  }

  Hints hints_;
  IoMonitor monitor_;
  const std::unique_ptr<leveldb::RandomAccessFile> table_ =
      MakeRandomAccessFile(std::make_unique<HintedFile>(hints_), monitor_);
};

TEST_F(OrderedReadsTest, ALookupReadsNothingAround) {
  EXPECT_EQ(hints_.lookups_expected, 1);
  for (uint64_t offset = 0; offset < 2 * kWindow; offset += kBlock) {
    Read(offset);
  }
  EXPECT_THAT(hints_.ahead, IsEmpty());
}

TEST_F(OrderedReadsTest, AReaderInOrderHasAtLeastHalfAWindowAheadOfIt) {
  const OrderedReads ordered;
  const uint64_t begin = 3 * kBlock;
  uint64_t ahead = begin;
  for (uint64_t offset = begin; offset < 8 * kWindow; offset += kBlock) {
    Read(offset);
    for (const auto& [hinted, size_bytes] : std::exchange(hints_.ahead, {})) {
      EXPECT_EQ(hinted, ahead) << "a gap, or a byte hinted twice";
      ahead = hinted + size_bytes;
    }
    EXPECT_GE(ahead, offset + kBlock + kWindow / 2);
    EXPECT_LE(ahead, offset + kBlock + kWindow);
  }
}

TEST_F(OrderedReadsTest, AReaderElsewhereBeginsAnew) {
  const OrderedReads ordered;
  Read(100 * kWindow);
  Read(0);
  Read(50 * kWindow);
  EXPECT_THAT(hints_.ahead,
              ElementsAre(Pair(100 * kWindow, kWindow + kBlock), Pair(0, kWindow + kBlock),
                          Pair(50 * kWindow, kWindow + kBlock)));
}

TEST_F(OrderedReadsTest, AScopeIsOfItsThreadAndMayBeNested) {
  EXPECT_FALSE(OrderedReads::Now());
  {
    const OrderedReads outer;
    {
      const OrderedReads inner;
      EXPECT_TRUE(OrderedReads::Now());
    }
    EXPECT_TRUE(OrderedReads::Now());
    std::thread([] { EXPECT_FALSE(OrderedReads::Now()); }).join();
  }
  EXPECT_FALSE(OrderedReads::Now());
}

class HintedFileSystem : public MemFileSystem {
 public:
  StatusOr<std::unique_ptr<RandomAccessFile>> OpenRead(const std::string& path) override {
    ASSIGN_OR_RETURN(std::unique_ptr<RandomAccessFile> file, MemFileSystem::OpenRead(path));
    return std::make_unique<HintedFile>(hints_, std::move(file));
  }
  Hints hints_;
};

class OrderedReadsOfAnEngine : public ::testing::Test {
 protected:
  void Open() {
    ASSERT_OK_AND_ASSIGN(engine_, OpenLevelDbEngine(fs_, threads_, NullLogger(), "/db", options_));
  }
  // Many flushes and compactions; afterwards nothing of the tables is in memory.
  void WriteAndReopen() {
    Open();
    for (size_t i = 0; i < script_.batches.size(); ++i) {
      ASSERT_OK(WriteChanges(*engine_, script_.batches[i], static_cast<Version>(i + 1)));
      ASSERT_OK(engine_->Flush());
    }
    ASSERT_OK(engine_->Close());
    Open();
  }

  HintedFileSystem fs_;
  BackgroundThreads threads_{1};
  const LevelDbEngineOptions options_ = SmallOptions();
  const Script script_{302, 40, 400};
  std::unique_ptr<KvEngine> engine_;
};

TEST_F(OrderedReadsOfAnEngine, LookupsReadNothingAhead) {
  WriteAndReopen();
  EXPECT_GE(fs_.hints_.lookups_expected, 1);
  std::string value;
  for (const auto& [key, wanted] : script_.At(script_.head())) {
    ASSERT_OK_AND_ASSIGN(const bool found, engine_->Get(key, &value));
    ASSERT_TRUE(found);
    EXPECT_EQ(value, wanted);
  }
  EXPECT_THAT(fs_.hints_.ahead, IsEmpty());
  EXPECT_GE(fs_.hints_.ahead_by_others, 1) << "compactions read in order";
}

TEST_F(OrderedReadsOfAnEngine, AnIteratorReadsAheadOnceItMovesOn) {
  WriteAndReopen();
  const std::unique_ptr<KvIterator> iterator = engine_->NewIterator();
  iterator->SeekToFirst();
  EXPECT_THAT(fs_.hints_.ahead, IsEmpty()) << "a seek may be a lookup";
  while (iterator->Valid()) {
    iterator->Next();
  }
  ASSERT_OK(iterator->status());
  EXPECT_FALSE(fs_.hints_.ahead.empty());
}

}  // namespace
}  // namespace flatkv::test
