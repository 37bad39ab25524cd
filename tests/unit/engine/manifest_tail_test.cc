#include "flatkv/engine/manifest_tail.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/options.h>

#include <memory>
#include <string>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/fs/posix_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace flatkv::test {
namespace {

// LevelDB's own log files have the MANIFEST's format: this is one with the given record sizes.
std::string LogWithRecords(const std::vector<size_t>& sizes) {
  TempDir dir;
  leveldb::Options options;
  options.create_if_missing = true;
  options.write_buffer_size = 8 << 20;
  leveldb::DB* opened = nullptr;
  EXPECT_TRUE(leveldb::DB::Open(options, dir.path(), &opened).ok());
  const std::unique_ptr<leveldb::DB> db(opened);
  for (const size_t size : sizes) {
    EXPECT_TRUE(db->Put(leveldb::WriteOptions(), "k", std::string(size, 'v')).ok());
  }
  FileSystem& fs = PosixFileSystem();
  const StatusOr<std::vector<std::string>> names = fs.List(dir.path());
  for (const std::string& name : names.value()) {
    if (name.ends_with(".log")) {
      return ReadFile(fs, JoinPath(dir.path(), name), 64 << 20).value();
    }
  }
  return {};
}

TEST(ManifestTail, AFileOfSoundRecordsIsReadWhole) {
  EXPECT_EQ(BytesBeforeTornTail(""), 0u);
  for (const size_t size : {1u, 100u, 32'700u, 32'728u, 32'735u, 32'741u, 33'000u, 200'000u}) {
    const std::string log = LogWithRecords({10, size, 20});
    ASSERT_GT(log.size(), size);
    EXPECT_EQ(BytesBeforeTornTail(log), log.size()) << size;
  }
}

TEST(ManifestTail, ADamagedLastRecordIsCutOffWhereItBegins) {
  const std::string sound = LogWithRecords({10, 100});
  const std::string log = LogWithRecords({10, 100, 50});
  ASSERT_EQ(log.substr(0, sound.size()), sound);
  for (size_t i = sound.size(); i < log.size(); ++i) {
    SCOPED_TRACE(i);
    std::string flipped = log;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
    EXPECT_EQ(BytesBeforeTornTail(flipped), sound.size());
    std::string zeros = log;
    zeros.replace(i, zeros.size() - i, zeros.size() - i, '\0');
    EXPECT_EQ(BytesBeforeTornTail(zeros), sound.size());
    EXPECT_EQ(BytesBeforeTornTail(std::string_view(log).substr(0, i)), sound.size());
  }
}

TEST(ManifestTail, ADamagedRecordBeforeASoundOneIsNoTail) {
  const size_t first = LogWithRecords({10}).size();
  const std::string log = LogWithRecords({10, 100, 50});
  const size_t last = LogWithRecords({10, 100}).size();
  for (size_t i = first; i < last; ++i) {
    std::string flipped = log;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
    EXPECT_EQ(BytesBeforeTornTail(flipped), flipped.size()) << i;
  }
}

TEST(ManifestTail, SoundPiecesOfATornRecordAreNoLaterRecord) {
  const size_t first = LogWithRecords({10}).size();
  std::string log = LogWithRecords({10, 100'000});
  // Damages the first piece; those in the next blocks stay sound.
  log[first + 100] = '?';
  EXPECT_EQ(BytesBeforeTornTail(log), first);
}

}  // namespace
}  // namespace flatkv::test
