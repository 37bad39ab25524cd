// What a data DB's directory may look like, and who can read it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <leveldb/db.h>
#include <leveldb/env.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "tests/unit/engine/engine_fixture.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;

TEST_F(LevelDbEngineOnPosixTest, ADirectoryHasOneEngineAtATime) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  const auto second = Open();
  EXPECT_THAT(second, StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(second, HasReason(Reason::kLocked));
  ASSERT_OK(engine->Close());
  EXPECT_OK(Open());
}

TEST_F(LevelDbEngineTest, TablesWithoutCurrentAreDataLoss) {
  {
    ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
    History history(17);
    ASSERT_OK(WriteChanges(*engine, history.Extend(10), 1));
    ASSERT_OK(engine->Flush());
  }
  ASSERT_OK(fs_.RemoveFile(JoinPath(path_, "CURRENT")));
  const auto opened = Open();
  EXPECT_THAT(opened, StatusIs(StatusCode::kDataLoss, HasSubstr(path_)));
  EXPECT_THAT(opened, HasReason(Reason::kDataDbCorrupt));
}

TEST_F(LevelDbEngineTest, AHalfMadeDirectoryIsMadeAnew) {
  ASSERT_OK(fs_.MakeDir(path_));
  ASSERT_OK(WriteFileDurably(fs_, JoinPath(path_, "MANIFEST-000001"), "torn"));
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  ASSERT_OK_AND_ASSIGN(const Rows rows, ReadAll(*engine));
  EXPECT_TRUE(rows.empty());
}

TEST_F(LevelDbEngineTest, AMissingParentIsNotFound) {
  EXPECT_THAT(OpenLevelDbEngine(fs_, threads_, NullLogger(), "/no/db", options_),
              StatusIs(StatusCode::kNotFound));
}

TEST_F(LevelDbEngineTest, ATableThatGoesMissingIsDataLossNotAnAbsentKey) {
  options_.max_open_files = 1;
  {
    ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
    History history(18);
    ASSERT_OK(WriteChanges(*engine, history.Extend(10), 1));
    ASSERT_OK(engine->Flush());
  }
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  ASSERT_EQ(Names(".ldb").size(), 1u);
  ASSERT_OK(fs_.RemoveFile(JoinPath(path_, Names(".ldb").front())));
  std::string value;
  EXPECT_THAT(engine->Get(kVersionKey, &value), StatusIs(StatusCode::kDataLoss, HasSubstr(path_)));
  EXPECT_THAT(ReadAll(*engine), StatusIs(StatusCode::kDataLoss));
}

TEST_F(LevelDbEngineTest, TablesAreReadUnderPebblesNamesToo) {
  History history(19);
  {
    ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
    ASSERT_OK(WriteChanges(*engine, history.Extend(100), 1));
    ASSERT_OK(engine->Flush());
  }
  for (const std::string& name : Names(".ldb")) {
    const std::string sst = name.substr(0, name.size() - 4) + ".sst";
    ASSERT_OK(fs_.Rename(JoinPath(path_, name), JoinPath(path_, sst)));
  }
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  ASSERT_OK_AND_ASSIGN(const Rows rows, ReadAll(*engine));
  EXPECT_EQ(rows, history.At(1));
}

TEST_F(LevelDbEngineOnPosixTest, StockLevelDbReadsTheDirectory) {
  History history(20);
  {
    ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
    for (int batch = 0; batch < 60; ++batch) {
      const Changes& changes = history.Extend(60);
      ASSERT_OK(WriteChanges(*engine, changes, history.head()));
    }
    ASSERT_OK(engine->Flush());
  }
  const std::string copy = dir.File("copy");
  std::filesystem::copy(path_, copy, std::filesystem::copy_options::recursive);
  leveldb::Options options;
  options.env = leveldb::Env::Default();
  options.paranoid_checks = true;
  leveldb::DB* opened = nullptr;
  const leveldb::Status status = leveldb::DB::Open(options, copy, &opened);
  ASSERT_TRUE(status.ok()) << status.ToString();
  const std::unique_ptr<leveldb::DB> db(opened);
  leveldb::ReadOptions read;
  read.verify_checksums = true;
  const std::unique_ptr<leveldb::Iterator> iterator(db->NewIterator(read));
  Rows rows;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    rows.emplace(iterator->key().ToString(), iterator->value().ToString());
  }
  EXPECT_TRUE(iterator->status().ok());
  EXPECT_EQ(rows, history.At(history.head()));
}

TEST_F(LevelDbEngineTest, LogFilesStayEmptyAndThereIsNoInfoLog) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  History history(14);
  for (int batch = 0; batch < 60; ++batch) {
    const Changes& changes = history.Extend(60);
    ASSERT_OK(WriteChanges(*engine, changes, history.head()));
    for (const std::string& name : Names(".log")) {
      const StatusOr<FileInfo> info = fs_.Stat(JoinPath(path_, name));
      // A log may go away between the listing and here.
      EXPECT_EQ(info.ok() ? info->size_bytes : 0, 0u) << name;
    }
  }
  EXPECT_TRUE(Names("LOG").empty());
}

}  // namespace
}  // namespace flatkv::test
