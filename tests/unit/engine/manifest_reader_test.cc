#include "flatkv/engine/manifest_reader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <leveldb/db.h>
#include <leveldb/options.h>

#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "flatkv/base/endian.h"
#include "flatkv/engine/leveldb_log.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/fs/posix_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;

// A stock LevelDB that flushes and compacts only when told to, so that its tables stand still.
class StockDb {
 public:
  StockDb() {
    leveldb::Options options;
    options.create_if_missing = true;
    leveldb::DB* opened = nullptr;
    EXPECT_TRUE(leveldb::DB::Open(options, dir_.path(), &opened).ok());
    db_.reset(opened);
  }
  void Put(const std::string& key, size_t value_bytes) {
    EXPECT_TRUE(db_->Put(leveldb::WriteOptions(), key, std::string(value_bytes, 'v')).ok());
  }
  // Flushes, and compacts nothing because nothing is in the range.
  void Flush() {
    const leveldb::Slice begin("\xff");
    db_->CompactRange(&begin, nullptr);
  }
  void Compact() { db_->CompactRange(nullptr, nullptr); }

  std::string Manifest() {
    FileSystem& fs = PosixFileSystem();
    const std::string current = ReadFile(fs, JoinPath(dir_.path(), "CURRENT"), 100).value();
    const std::string name = current.substr(0, current.size() - 1);
    return ReadFile(fs, JoinPath(dir_.path(), name), 64 << 20).value();
  }
  // As LevelDB itself tells.
  std::vector<ManifestTable> Tables() {
    std::string text;
    EXPECT_TRUE(db_->GetProperty("leveldb.sstables", &text));
    std::map<uint64_t, ManifestTable> tables;
    int level = 0;
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = text.find('\n', begin);
      const std::string line = text.substr(begin, end - begin);
      begin = end + 1;
      unsigned long long number = 0;
      unsigned long long size_bytes = 0;
      if (std::sscanf(line.c_str(), " %llu:%llu[", &number, &size_bytes) == 2) {
        tables[number] = {number, level, size_bytes};
      } else {
        EXPECT_EQ(std::sscanf(line.c_str(), "--- level %d ---", &level), 1) << line;
      }
    }
    std::vector<ManifestTable> result;
    for (const auto& [number, table] : tables) {
      result.push_back(table);
    }
    return result;
  }
  uint64_t LiveLog() {
    uint64_t log = 0;
    const StatusOr<std::vector<std::string>> names = PosixFileSystem().List(dir_.path());
    for (const std::string& name : names.value()) {
      if (name.ends_with(".log")) {
        log = std::stoull(name);
      }
    }
    return log;
  }

 private:
  TempDir dir_;
  std::unique_ptr<leveldb::DB> db_;
};

// A log with one record for each edit.
std::string LogOf(const std::vector<std::string>& edits) {
  std::string log;
  for (const std::string& edit : edits) {
    const std::string typed = "\x01" + edit;
    AppendLe32(&log, MaskedLogCrc(typed));
    log.push_back(static_cast<char>(edit.size() & 0xff));
    log.push_back(static_cast<char>(edit.size() >> 8));
    log += typed;
  }
  return log;
}

// Comparator "c", log 3, next file 9, sequence 300.
const std::string kHeader(
    "\x01\x01"
    "c\x02\x03\x03\x09\x04\xac\x02",
    10);
const std::string kKey(
    "\x08"
    "kkkkkkkk",
    9);

std::string NewTable(char level, char number, char size_bytes) {
  return std::string{7, level, number, size_bytes} + kKey + kKey;
}

TEST(ManifestReader, TellsTheTablesOfLevelDb) {
  for (const uint64_t seed : {1u, 2u, 3u}) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random(seed);
    StockDb db;
    size_t most = 0;
    for (int round = 0; round < 30; ++round) {
      // Long keys stand in the MANIFEST: its records are split over blocks.
      const size_t key_bytes = random() % 3 == 0 ? 20'000 : 20;
      for (int row = 0; row < 20; ++row) {
        db.Put(fmt::format("{:04}", random() % 1000) + std::string(key_bytes, 'k'), 100);
      }
      if (round % 7 == 6) {
        db.Compact();
      } else if (db.Tables().size() < 3 || random() % 2 == 0) {
        db.Flush();
      }
      ASSERT_OK_AND_ASSIGN(const ManifestState state, ReadManifest(db.Manifest()));
      EXPECT_EQ(state.tables, db.Tables());
      EXPECT_EQ(state.comparator, "leveldb.BytewiseComparator");
      EXPECT_LE(state.log_number, db.LiveLog());
      EXPECT_GT(state.next_file_number, state.log_number);
      EXPECT_LE(state.last_sequence, static_cast<uint64_t>(round + 1) * 20);
      most = std::max(most, state.tables.size());
    }
    EXPECT_GT(most, 1u);
    EXPECT_GT(db.Manifest().size(), 3 * kLogBlockBytes);
  }
}

TEST(ManifestReader, TheLogNumberIsThatOfTheMemtableBehindTheTables) {
  StockDb db;
  for (int round = 0; round < 3; ++round) {
    db.Put("key", 10);
    db.Flush();
    ASSERT_OK_AND_ASSIGN(const ManifestState state, ReadManifest(db.Manifest()));
    EXPECT_EQ(state.log_number, db.LiveLog());
    EXPECT_EQ(state.last_sequence, static_cast<uint64_t>(round) + 1);
  }
}

TEST(ManifestReader, AFlippedBitAnywhereIsDataLoss) {
  StockDb db;
  for (int round = 0; round < 5; ++round) {
    db.Put(fmt::format("key{}", round), 100);
    db.Flush();
  }
  const std::string manifest = db.Manifest();
  ASSERT_OK(ReadManifest(manifest));
  for (size_t i = 0; i < manifest.size(); ++i) {
    std::string flipped = manifest;
    flipped[i] = static_cast<char>(flipped[i] ^ (1 << (i % 8)));
    EXPECT_THAT(ReadManifest(flipped), StatusIs(StatusCode::kDataLoss)) << i;
  }
}

TEST(ManifestReader, ACutManifestIsDataLossExceptBetweenEdits) {
  // With long keys the records are split over blocks.
  for (const size_t key_bytes : {10u, 8000u}) {
    StockDb db;
    for (int round = 0; round < 5; ++round) {
      db.Put(std::string(key_bytes, 'k') + std::to_string(round), 100);
      db.Flush();
    }
    const std::string manifest = db.Manifest();
    ASSERT_OK_AND_ASSIGN(const std::vector<std::string> edits, ReadLogRecords(manifest));
    std::set<size_t> ends;
    for (size_t at = 0; at < manifest.size();) {
      const std::optional<LogPiece> piece = LogPieceAt(manifest, at);
      at += piece.has_value() ? piece->size_bytes() : LogBlockBytesLeft(at);
      ends.insert(at);
    }
    size_t states = 0;
    for (size_t size = 0; size < manifest.size(); ++size) {
      // The end of every piece, and some of what is between.
      if (key_bytes > 1000 && size % 1009 != 0 && !ends.contains(size)) {
        continue;
      }
      const auto state = ReadManifest(std::string_view(manifest).substr(0, size));
      if (state.ok()) {
        ++states;
      } else {
        EXPECT_THAT(state, StatusIs(StatusCode::kDataLoss)) << size;
      }
    }
    // The first edit has no numbers yet, and the last one is not cut off.
    EXPECT_EQ(states, edits.size() - 2);
  }
}

TEST(ManifestReader, AppliesEditsInTurn) {
  const std::string moved = std::string{6, 0, 5} + NewTable(2, 5, 50);
  ASSERT_OK_AND_ASSIGN(
      const ManifestState state,
      ReadManifest(
          LogOf({kHeader + NewTable(0, 5, 50) + NewTable(1, 6, 60), moved, std::string{6, 1, 6},
                 std::string{2, 8, 9, 0} + NewTable(0, 7, 70), "\x05\x06" + kKey})));
  EXPECT_EQ(state.comparator, "c");
  EXPECT_EQ(state.log_number, 8u);
  EXPECT_EQ(state.next_file_number, 9u);
  EXPECT_EQ(state.last_sequence, 300u);
  EXPECT_THAT(state.tables,
              ::testing::ElementsAre(ManifestTable{5, 2, 50}, ManifestTable{7, 0, 70}));
}

TEST(ManifestReader, AnEditThatLevelDbWouldNotWriteIsDataLoss) {
  const std::vector<std::string> bad = {
      std::string{8, 1},                                      // unknown tags
      std::string{10, 1},                                     //
      std::string{0},                                         //
      std::string{2},                                         // a value is missing
      std::string("\x02\xff\xff", 3),                         //
      std::string("\x02") + std::string(9, '\xff') + '\x02',  // more than 64 bits
      std::string("\x01\x05"
                  "abc",
                  5),                                     // a string beyond the end
      std::string{6, 7, 5},                               // a level that does not exist
      std::string{6, 0, 4},                               // a table that was not there
      std::string{6, 1, 5},                               // or on another level
      NewTable(0, 5, 1),                                  // a table twice
      std::string{7, 0, 8, 1, 2, 'k', 'k', 2, 'k', 'k'},  // keys too short
      NewTable(0, 8, 1).substr(0, 15),                    // a key is missing
      "\x05\x07" + kKey,                                  //
  };
  ASSERT_OK(ReadManifest(LogOf({kHeader + NewTable(0, 5, 50)})));
  for (size_t i = 0; i < bad.size(); ++i) {
    EXPECT_THAT(ReadManifest(LogOf({kHeader + NewTable(0, 5, 50), bad[i]})),
                StatusIs(StatusCode::kDataLoss, HasSubstr("edit 2 of 2")))
        << i;
  }
}

TEST(ManifestReader, AMissingFieldIsDataLoss) {
  EXPECT_THAT(ReadManifest(""), StatusIs(StatusCode::kDataLoss, HasSubstr("missing")));
  for (const size_t size : {3u, 5u, 7u}) {
    EXPECT_THAT(ReadManifest(LogOf({kHeader.substr(0, size)})),
                StatusIs(StatusCode::kDataLoss, HasSubstr("missing")));
  }
}

TEST(ManifestReader, AnyEditIsReadOrRefused) {
  std::mt19937_64 random(7);
  const std::string sound = kHeader + NewTable(0, 5, 50) + NewTable(1, 6, 60);
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string edit = sound;
    for (uint64_t change = random() % 4 + 1; change > 0; --change) {
      edit[random() % edit.size()] = static_cast<char>(random());
    }
    edit.resize(edit.size() - random() % 3 * (random() % edit.size()) / 2);
    const StatusOr<ManifestState> state = ReadManifest(LogOf({edit}));
    if (!state.ok()) {
      ASSERT_THAT(state, StatusIs(StatusCode::kDataLoss));
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace flatkv::test
