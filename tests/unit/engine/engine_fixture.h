// A test with one data DB.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/engine/leveldb_engine.h"
#include "flatkv/fs/posix_file_system.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/engine/engine_model.h"

namespace flatkv::test {

// One DB in a directory.
class EngineTest : public ::testing::Test {
 protected:
  EngineTest(FileSystem& fs, const std::string& path) : fs_(fs), path_(path) {}

  StatusOr<std::unique_ptr<KvEngine>> Open() {
    return OpenLevelDbEngine(fs_, threads_, NullLogger(), path_, options_);
  }
  std::vector<std::string> Names(std::string_view suffix) {
    std::vector<std::string> found;
    const StatusOr<std::vector<std::string>> names = fs_.List(path_);
    for (const std::string& name : names.value()) {
      if (name.ends_with(suffix)) {
        found.push_back(name);
      }
    }
    return found;
  }

  FileSystem& fs_;
  BackgroundThreads threads_{1};
  const std::string path_;
  LevelDbEngineOptions options_ = SmallOptions();
};

struct Disk {
  MemFileSystem disk;
};
class LevelDbEngineTest : protected Disk, public EngineTest {
 protected:
  LevelDbEngineTest() : EngineTest(disk, "/db") {}
};

struct Directory {
  TempDir dir;
};
class LevelDbEngineOnPosixTest : protected Directory, public EngineTest {
 protected:
  LevelDbEngineOnPosixTest() : EngineTest(PosixFileSystem(), dir.File("db")) {}
};

}  // namespace flatkv::test
