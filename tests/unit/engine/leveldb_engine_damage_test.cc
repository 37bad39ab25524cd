// Damaged, cut and missing files of a closed data DB: noticed or harmless, never wrong rows.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>

#include "flatkv/fs/path.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/engine/checkpoint_files.h"
#include "tests/unit/engine/engine_session.h"

namespace flatkv::test {
namespace {

constexpr char kPath[] = "/db";
constexpr Version kHead = 40;

struct Tally {
  int detected = 0;
  int harmless = 0;
  // The last record of the MANIFEST was taken for a torn one: an older version, whole.
  int older = 0;
};

class LevelDbEngineDamage : public ::testing::Test {
 protected:
  void MakeDb(bool compression) {
    disk_ = std::make_unique<MemFileSystem>();
    LevelDbEngineOptions options = SmallOptions();
    options.compression = compression;
    BackgroundThreads threads(1);
    ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine,
                         OpenLevelDbEngine(*disk_, threads, NullLogger(), kPath, options));
    for (Version version = 1; version <= kHead; ++version) {
      ASSERT_OK(WriteChanges(*engine, script_.batches[static_cast<size_t>(version - 1)], version));
      if (version % 7 == 0 || version == kHead) {
        ASSERT_OK(engine->Flush());
      }
    }
    ASSERT_OK(engine->Close());
  }

  // Opens a damaged copy, walks it and gets every row. Whatever is served must be right.
  void Visit(MemFileSystem& disk, const std::string& file, Tally* tally) {
    BackgroundThreads threads(1);
    const auto engine = OpenLevelDbEngine(disk, threads, NullLogger(), kPath, SmallOptions());
    if (!engine.ok()) {
      ASSERT_THAT(engine, StatusIs(StatusCode::kDataLoss));
      ASSERT_THAT(engine, HasReason(Reason::kDataDbCorrupt));
      ++tally->detected;
      return;
    }
    const Version version = StandsAt(**engine);
    if (!file.starts_with("MANIFEST")) {
      ASSERT_EQ(version, kHead);
    }
    bool detected = false;
    ExpectRowsUpToTheDamage(**engine, script_.At(version), &detected);
    for (const auto& [key, value] : script_.At(version)) {
      std::string found_value;
      const StatusOr<bool> found = (*engine)->Get(key, &found_value);
      if (!found.ok()) {
        ASSERT_THAT(found, StatusIs(StatusCode::kDataLoss));
        detected = true;
      } else {
        ASSERT_TRUE(*found) << key;
        ASSERT_EQ(found_value, value) << key;
      }
    }
    ++(detected ? tally->detected : version == kHead ? tally->harmless : tally->older);
  }

  // The version row, or the head if the row itself cannot be read.
  static Version StandsAt(KvEngine& engine) {
    std::string text;
    const StatusOr<bool> found = engine.Get(kVersionKey, &text);
    return !found.ok() ? kHead : *found ? std::stoll(text) : 0;
  }

  static void ExpectRowsUpToTheDamage(KvEngine& engine, const Rows& rows, bool* detected) {
    const std::unique_ptr<KvIterator> iterator = engine.NewIterator();
    auto forwards = rows.begin();
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next(), ++forwards) {
      ASSERT_NE(forwards, rows.end());
      ASSERT_EQ(iterator->key(), forwards->first);
      ASSERT_EQ(iterator->value(), forwards->second);
    }
    if (!iterator->status().ok()) {
      ASSERT_THAT(iterator->status(), StatusIs(StatusCode::kDataLoss));
      *detected = true;
    } else {
      ASSERT_EQ(forwards, rows.end());
    }
    const std::unique_ptr<KvIterator> back = engine.NewIterator();
    auto backwards = rows.rbegin();
    for (back->SeekToLast(); back->Valid(); back->Prev(), ++backwards) {
      ASSERT_NE(backwards, rows.rend());
      ASSERT_EQ(back->key(), backwards->first);
    }
    ASSERT_EQ(back->status().ok(), backwards == rows.rend());
  }

  std::vector<std::string> Files() {
    const StatusOr<std::vector<std::string>> names = disk_->List(kPath);
    return names.value();
  }
  // Without what an interrupted compaction may have left behind, lock and log.
  std::set<std::string> Needed() { return NeededFiles(*disk_, kPath).value(); }
  uint64_t SizeOf(const std::string& name) {
    return disk_->Stat(JoinPath(kPath, name)).value().size_bytes;
  }

  const Script script_{201, kHead, 40};
  std::unique_ptr<MemFileSystem> disk_;
};

TEST_F(LevelDbEngineDamage, AFlippedBitIsNoticedOrHarmless) {
  for (const bool compression : {true, false}) {
    MakeDb(compression);
    const std::set<std::string> needed = Needed();
    for (const std::string& name : Files()) {
      Tally tally;
      const uint64_t size_bytes = SizeOf(name);
      const uint64_t step = name.ends_with(".ldb") ? 41 : 1;
      for (uint64_t offset = 0; offset < size_bytes; offset += step) {
        const unsigned bit = static_cast<unsigned>((offset * 5 + offset / 8) % 8);
        SCOPED_TRACE(fmt::format("{} offset {} bit {} of {}", name, offset, bit, size_bytes));
        const std::unique_ptr<MemFileSystem> damaged = disk_->Clone();
        damaged->FlipBit(JoinPath(kPath, name), offset, bit);
        Visit(*damaged, name, &tally);
        if (HasFatalFailure()) {
          return;
        }
      }
      RecordProperty(name + (compression ? ".snappy" : ".plain"),
                     fmt::format("{} detected, {} harmless, {} older", tally.detected,
                                 tally.harmless, tally.older));
      if (needed.contains(name)) {
        EXPECT_GT(tally.detected, tally.harmless + tally.older) << name;
      }
    }
  }
}

TEST_F(LevelDbEngineDamage, ACutFileIsNoticed) {
  MakeDb(true);
  for (const std::string& name : Needed()) {
    const uint64_t size_bytes = SizeOf(name);
    for (const uint64_t left : {uint64_t{0}, size_bytes / 2, size_bytes - 1}) {
      SCOPED_TRACE(fmt::format("{} cut from {} to {}", name, size_bytes, left));
      const std::unique_ptr<MemFileSystem> damaged = disk_->Clone();
      damaged->Resize(JoinPath(kPath, name), left);
      Tally tally;
      Visit(*damaged, name, &tally);
      EXPECT_EQ(tally.harmless, 0);
    }
  }
}

TEST_F(LevelDbEngineDamage, AMissingFileIsDataLoss) {
  MakeDb(true);
  for (const std::string& name : Needed()) {
    SCOPED_TRACE(name);
    const std::unique_ptr<MemFileSystem> damaged = disk_->Clone();
    ASSERT_OK(damaged->RemoveFile(JoinPath(kPath, name)));
    BackgroundThreads threads(1);
    EXPECT_THAT(OpenLevelDbEngine(*damaged, threads, NullLogger(), kPath, SmallOptions()),
                StatusIs(StatusCode::kDataLoss));
  }
}

TEST_F(LevelDbEngineDamage, AMissingOrEmptyLogIsFine) {
  MakeDb(true);
  int logs = 0;
  for (const std::string& name : Files()) {
    if (!name.ends_with(".log")) {
      continue;
    }
    ++logs;
    const std::unique_ptr<MemFileSystem> damaged = disk_->Clone();
    ASSERT_OK(damaged->RemoveFile(JoinPath(kPath, name)));
    Version found = 0;
    EXPECT_OK(CheckDb(*damaged, kPath, script_, kHead, &found));
  }
  EXPECT_EQ(logs, 1);
}

TEST_F(LevelDbEngineDamage, AHardLinkOfAReusedTableNumberKeepsItsBytes) {
  MakeDb(true);
  ASSERT_OK(disk_->MakeDir("/snapshot"));
  constexpr std::string_view kPrecious = "precious";
  // Tables with the numbers that LevelDB will give out next, as a crash can leave them.
  for (int number = 1; number < 200; ++number) {
    const std::string name = fmt::format("{:06}.ldb", number);
    if (!disk_->Stat(JoinPath(kPath, name)).ok()) {
      const std::string shared = JoinPath("/snapshot", name);
      ASSERT_OK_AND_ASSIGN(const std::unique_ptr<WritableFile> file, disk_->Create(shared));
      ASSERT_OK(file->Append(kPrecious));
      ASSERT_OK(file->Close());
      ASSERT_OK(disk_->Link(shared, JoinPath(kPath, name)));
    }
  }
  {
    BackgroundThreads threads(1);
    ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine,
                         OpenLevelDbEngine(*disk_, threads, NullLogger(), kPath, SmallOptions()));
    for (int i = 0; i < 10; ++i) {
      ASSERT_OK(WriteChanges(*engine, script_.batches.back(), kHead));
      ASSERT_OK(engine->Flush());
    }
  }
  const StatusOr<std::vector<std::string>> names = disk_->List("/snapshot");
  for (const std::string& name : names.value()) {
    EXPECT_EQ(disk_->Stat(JoinPath("/snapshot", name)).value().size_bytes, kPrecious.size())
        << name;
  }
  Version found = 0;
  EXPECT_OK(CheckDb(*disk_, kPath, script_, kHead, &found));
}

}  // namespace
}  // namespace flatkv::test
