// Checkpoints of a DB that is being written.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <leveldb/db.h>
#include <leveldb/env.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "tests/support/tree_digest.h"
#include "tests/unit/engine/checkpoint_files.h"
#include "tests/unit/engine/engine_fixture.h"

namespace flatkv::test {
namespace {

// Runs on the memory file system and on a real one.
class LevelDbCheckpointTest : public ::testing::TestWithParam<bool> {
 protected:
  StatusOr<std::unique_ptr<KvEngine>> Open() {
    return OpenLevelDbEngine(fs_, threads_, NullLogger(), Path("db"), SmallOptions());
  }
  std::string Path(const std::string& name) const { return JoinPath(root_, name); }
  void Write(KvEngine& engine, size_t rows) {
    const Changes& changes = history_.Extend(rows);
    ASSERT_OK(WriteChanges(engine, changes, history_.head()));
  }
  const Rows& Now() { return history_.At(history_.head()); }
  StatusOr<std::vector<CheckpointFile>> Finish(KvEngine& engine, const std::string& name) {
    RETURN_IF_ERROR(fs_.MakeDir(Path(name)));
    return engine.FinishCheckpoint(Path(name), false);
  }
  StatusOr<Rows> RowsOf(const std::string& name) {
    return RowsOfCheckpoint(fs_, Path(name), Path("clone"));
  }

  MemFileSystem disk_;
  TempDir dir_;
  FileSystem& fs_ = GetParam() ? PosixFileSystem() : static_cast<FileSystem&>(disk_);
  const std::string root_ = GetParam() ? dir_.path() : "/";
  BackgroundThreads threads_{1};
  History history_{41};
};

INSTANTIATE_TEST_SUITE_P(FileSystems, LevelDbCheckpointTest, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "Posix" : "Memory"; });

TEST_P(LevelDbCheckpointTest, HasTheMarkedStateAndKeepsItsBytesWhileWritesGoOn) {
  constexpr uint64_t kSeed = 42;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  std::mt19937_64 random(kSeed);
  const int rounds = GetParam() ? 12 : 40;
  std::map<std::string, Rows> marked;
  std::map<std::string, std::string> digests;
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  for (int round = 0; round < rounds; ++round) {
    const std::string name = fmt::format("checkpoint-{}", round);
    SCOPED_TRACE(name);
    for (uint64_t batches = random() % 25; batches > 0; --batches) {
      Write(*engine, random() % 200);
    }
    if (random() % 5 == 0) {
      ASSERT_OK(engine->Flush());
    }
    ASSERT_OK(engine->BeginCheckpoint());
    marked[name] = Now();
    std::atomic<bool> done = false;
    StatusOr<std::vector<CheckpointFile>> files = std::vector<CheckpointFile>();
    std::thread finisher([&] {
      files = Finish(*engine, name);
      done = true;
    });
    for (uint64_t batches = random() % 40; batches > 0 || !done; batches -= batches > 0 ? 1 : 0) {
      Write(*engine, random() % 200);
    }
    finisher.join();
    ASSERT_OK(files);
    digests[name] = TreeDigest(fs_, Path(name));
    ASSERT_OK_AND_ASSIGN(const Rows rows, RowsOf(name));
    ASSERT_EQ(rows, marked[name]);
  }
  for (int batch = 0; batch < 300; ++batch) {
    Write(*engine, 100);
  }
  ASSERT_OK(engine->Flush());
  ASSERT_OK(engine->Close());
  ASSERT_OK_AND_ASSIGN(engine, Open());
  for (int batch = 0; batch < 100; ++batch) {
    Write(*engine, 100);
  }
  ASSERT_OK(engine->Flush());
  ASSERT_OK_AND_ASSIGN(const Rows head, ReadAll(*engine));
  EXPECT_EQ(head, Now());
  for (const auto& [name, rows] : marked) {
    EXPECT_EQ(TreeDigest(fs_, Path(name)), digests[name]) << name;
    ASSERT_OK_AND_ASSIGN(const Rows found, RowsOf(name));
    EXPECT_EQ(found, rows) << name;
  }
}

TEST_P(LevelDbCheckpointTest, HoldsLinkedTablesManifestAndCurrentAndNothingElse) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  for (int flush = 0; flush < 3; ++flush) {
    Write(*engine, 100);
    ASSERT_OK(engine->Flush());
  }
  Write(*engine, 100);
  ASSERT_OK(engine->BeginCheckpoint());
  ASSERT_OK_AND_ASSIGN(const std::vector<CheckpointFile> files, Finish(*engine, "checkpoint"));
  ASSERT_OK_AND_ASSIGN(const ManifestState state, StateOf(fs_, Path("checkpoint")));
  ASSERT_OK_AND_ASSIGN(const std::string manifest, ManifestName(fs_, Path("checkpoint")));
  EXPECT_EQ(state.tables.size(), 4u);
  EXPECT_EQ(files.size(), state.tables.size() + 2);
  std::vector<std::string> names;
  for (const CheckpointFile& file : files) {
    SCOPED_TRACE(file.name);
    names.push_back(file.name);
    ASSERT_OK_AND_ASSIGN(const FileInfo info, fs_.Stat(JoinPath(Path("checkpoint"), file.name)));
    EXPECT_EQ(info.size_bytes, file.size_bytes);
    EXPECT_EQ(file.linked, file.name.ends_with(".sst"));
    EXPECT_EQ(info.links, file.linked ? 2u : 1u);
    EXPECT_TRUE(file.linked || file.name == "CURRENT" || file.name == manifest);
  }
  ASSERT_OK_AND_ASSIGN(const std::vector<std::string> listed, fs_.List(Path("checkpoint")));
  EXPECT_EQ(names, listed);
}

TEST_P(LevelDbCheckpointTest, AnEmptyDbHasAnEmptyCheckpoint) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  ASSERT_OK(engine->BeginCheckpoint());
  ASSERT_OK_AND_ASSIGN(const std::vector<CheckpointFile> files, Finish(*engine, "checkpoint"));
  EXPECT_EQ(files.size(), 2u);
  ASSERT_OK_AND_ASSIGN(const Rows rows, RowsOf("checkpoint"));
  EXPECT_TRUE(rows.empty());
  // An empty batch, too, is a state to mark.
  ASSERT_OK(engine->Write({}, 1));
  ASSERT_OK(engine->BeginCheckpoint());
  ASSERT_OK(Finish(*engine, "second"));
  ASSERT_OK_AND_ASSIGN(const Rows second, RowsOf("second"));
  EXPECT_TRUE(second.empty());
}

TEST_P(LevelDbCheckpointTest, RightAfterOpenItHasWhatWasOpened) {
  for (int reopen = 0; reopen < 4; ++reopen) {
    ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
    const std::string name = fmt::format("checkpoint-{}", reopen);
    ASSERT_OK(engine->BeginCheckpoint());
    const Rows marked = Now();
    Write(*engine, 300);
    ASSERT_OK(Finish(*engine, name));
    ASSERT_OK_AND_ASSIGN(const Rows rows, RowsOf(name));
    EXPECT_EQ(rows, marked);
    ASSERT_OK(engine->Flush());
    ASSERT_OK(engine->Close());
  }
}

TEST_P(LevelDbCheckpointTest, TwoInARowAreTheSame) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  Write(*engine, 300);
  for (const char* const name : {"first", "second", "third"}) {
    ASSERT_OK(engine->BeginCheckpoint());
    ASSERT_OK(Finish(*engine, name));
    ASSERT_OK_AND_ASSIGN(const Rows rows, RowsOf(name));
    EXPECT_EQ(rows, Now());
  }
}

TEST_P(LevelDbCheckpointTest, MakesTheMarkedVersionDurableAsAFlushDoes) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  Write(*engine, 30);
  ASSERT_OK(engine->BeginCheckpoint());
  Write(*engine, 30);
  ASSERT_OK(Finish(*engine, "checkpoint"));
  EXPECT_EQ(engine->FlushedVersion(), 1);
}

TEST_P(LevelDbCheckpointTest, ADbWithPebblesTableNamesHasThemToo) {
  {
    ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
    Write(*engine, 300);
    ASSERT_OK(engine->BeginCheckpoint());
    ASSERT_OK(Finish(*engine, "checkpoint"));
  }
  // The checkpoint's own names, opened in place of the DB.
  ASSERT_OK(RemoveTreeDurably(fs_, Path("db")));
  ASSERT_OK(fs_.Rename(Path("checkpoint"), Path("db")));
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  ASSERT_OK_AND_ASSIGN(const Rows opened, ReadAll(*engine));
  EXPECT_EQ(opened, Now());
  Write(*engine, 300);
  ASSERT_OK(engine->BeginCheckpoint());
  ASSERT_OK(Finish(*engine, "second"));
  ASSERT_OK_AND_ASSIGN(const Rows rows, RowsOf("second"));
  EXPECT_EQ(rows, Now());
}

TEST_F(LevelDbEngineOnPosixTest, StockLevelDbOpensACheckpointAsItIs) {
  History history(43);
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  for (int batch = 0; batch < 60; ++batch) {
    const Changes& changes = history.Extend(60);
    ASSERT_OK(WriteChanges(*engine, changes, history.head()));
  }
  ASSERT_OK(engine->BeginCheckpoint());
  ASSERT_OK(fs_.MakeDir(dir.File("checkpoint")));
  ASSERT_OK(engine->FinishCheckpoint(dir.File("checkpoint"), false));
  const std::string copy = dir.File("copy");
  std::filesystem::copy(dir.File("checkpoint"), copy);
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

TEST_F(LevelDbEngineTest, AVersionBelowTheFlushedOneIsWhatFlushedVersionThenSays) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  ASSERT_OK(engine->Write({}, 9));
  ASSERT_OK(engine->Flush());
  EXPECT_EQ(engine->FlushedVersion(), 9);
  ASSERT_OK(engine->Write({}, 4));
  EXPECT_EQ(engine->FlushedVersion(), 9);
  ASSERT_OK(engine->Flush());
  EXPECT_EQ(engine->FlushedVersion(), 4);
}

}  // namespace
}  // namespace flatkv::test
