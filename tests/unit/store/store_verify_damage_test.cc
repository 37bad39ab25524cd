// Every kind of damage is found by the depth of verification that promises it, and named.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "tests/unit/store/verify_fixture.h"

namespace flatkv::test {
namespace {

class VerifyDamageTest : public VerifyFixture {
 protected:
  // Damages a clone of the store's disk while the store is open; the depths must find it, each with
  // a line that names all of `named`. Where only kFull promises it, kQuick may or may not.
  void ExpectFound(const std::string& what, const std::function<void(MemFileSystem&)>& damage,
                   VerifyDepth promised_by, const std::vector<std::string>& named) {
    SCOPED_TRACE(what);
    const auto disk = fs_.Clone();
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(*disk, options_));
    damage(*disk);
    for (const VerifyDepth depth : {VerifyDepth::kQuick, VerifyDepth::kFull}) {
      if (depth < promised_by) {
        continue;
      }
      const auto report = Verify(*store, depth);
      ASSERT_OK(report) << (depth == VerifyDepth::kFull ? "full" : "quick");
      const auto names_all = [&named](const std::string& finding) {
        return std::all_of(named.begin(), named.end(), [&finding](const std::string& name) {
          return finding.find(name) != std::string::npos;
        });
      };
      EXPECT_TRUE(std::any_of(report->findings.begin(), report->findings.end(), names_all))
          << (depth == VerifyDepth::kFull ? "full: " : "quick: ")
          << ::testing::PrintToString(report->findings);
    }
    EXPECT_OK(store->Health());
  }
  void ExpectFlipFound(const std::string& path, uint64_t offset, VerifyDepth promised_by,
                       const std::vector<std::string>& named) {
    ExpectFound(
        fmt::format("bit flipped at {} of {}", offset, path),
        [&](MemFileSystem& fs) { fs.FlipBit(path, offset, 3); }, promised_by, named);
  }
  uint64_t SizeOf(const std::string& path) {
    const auto info = fs_.Stat(path);
    EXPECT_OK(info);
    return info.ok() ? info->size_bytes : 0;
  }
  // "storage/000012.ldb" of a path below `directory`.
  static std::string Below(const std::string& path, const std::string& directory) {
    return path.substr(directory.size() + 1);
  }
  static std::string DbOf(const std::string& below) { return below.substr(0, below.find('/')); }
};

TEST_F(VerifyDamageTest, AFlippedBitInAnyTableOfWorkingIsFoundInFull) {
  Fill();
  const std::string working = InStore(kWorkingName);
  int tables = 0;
  for (const std::string& path : FilesBelow(fs_, working)) {
    if (!IsTableName(path)) {
      continue;
    }
    ++tables;
    const std::string below = Below(path, working);
    // Rows are at the front of a table.
    for (const uint64_t offset : {uint64_t{20}, SizeOf(path) / 3}) {
      ExpectFlipFound(path, offset, VerifyDepth::kFull, {DbOf(below), "version 40"});
    }
  }
  EXPECT_GE(tables, 4);
}

TEST_F(VerifyDamageTest, AMissingOrCutTableOfWorkingIsFoundInFull) {
  Fill();
  const std::string working = InStore(kWorkingName);
  options_.max_open_files = 1;
  for (const std::string& path : FilesBelow(fs_, working)) {
    if (!IsTableName(path)) {
      continue;
    }
    const std::string db = DbOf(Below(path, working));
    ExpectFound("cut " + path, [&](MemFileSystem& fs) { fs.Resize(path, 10); }, VerifyDepth::kFull,
                {db});
  }
}

TEST_F(VerifyDamageTest, AFlippedBitInAnyFileOfASnapshotIsFoundInFull) {
  Fill();
  const std::string snapshot = InStore(SnapshotName(20));
  for (const std::string& path : FilesBelow(fs_, snapshot)) {
    const std::string below = Below(path, snapshot);
    if (below == kSnapshotManifestName) {
      continue;
    }
    for (const uint64_t offset : {uint64_t{0}, SizeOf(path) / 2, SizeOf(path) - 1}) {
      ExpectFlipFound(path, offset, VerifyDepth::kFull, {SnapshotName(20), below, "digest"});
    }
  }
}

TEST_F(VerifyDamageTest, AFlippedBitInTheManifestOfASnapshotIsFoundQuickly) {
  Fill();
  const std::string path = JoinPath(InStore(SnapshotName(20)), kSnapshotManifestName);
  for (uint64_t offset = 0; offset < SizeOf(path); offset += 97) {
    ExpectFlipFound(path, offset, VerifyDepth::kQuick, {SnapshotName(20), kSnapshotManifestName});
  }
}

TEST_F(VerifyDamageTest, MissingCutLongerAndExtraFilesOfASnapshotAreFoundQuickly) {
  Fill();
  const std::string snapshot = InStore(SnapshotName(20));
  const std::vector<std::string> files = FilesBelow(fs_, snapshot);
  ASSERT_GT(files.size(), 8u);
  for (const std::string& path : files) {
    const std::string below = Below(path, snapshot);
    const std::vector<std::string> named = {SnapshotName(20), below};
    const auto remove = [&](MemFileSystem& fs) { ASSERT_OK(RemoveFileDurably(fs, path)); };
    ExpectFound("removed " + path, remove, VerifyDepth::kQuick, named);
    ExpectFound(
        "cut " + path, [&](MemFileSystem& fs) { fs.Resize(path, SizeOf(path) - 1); },
        VerifyDepth::kQuick, named);
    ExpectFound(
        "longer " + path, [&](MemFileSystem& fs) { fs.Resize(path, SizeOf(path) + 1); },
        VerifyDepth::kQuick, named);
  }
  for (const std::string extra : {"extra", "storage/000001.sst", "misc/extra"}) {
    ExpectFound(
        "extra " + extra,
        [&](MemFileSystem& fs) { ASSERT_OK(WriteFileDurably(fs, JoinPath(snapshot, extra), "x")); },
        VerifyDepth::kQuick, {SnapshotName(20), extra});
  }
  for (const std::string_view db : kDataDbNames) {
    ExpectFound(
        fmt::format("removed DB {}", db),
        [&](MemFileSystem& fs) { ASSERT_OK(RemoveTreeDurably(fs, JoinPath(snapshot, db))); },
        VerifyDepth::kQuick, {SnapshotName(20), std::string(db)});
  }
}

TEST_F(VerifyDamageTest, ASnapshotInPlaceOfAnotherIsFoundQuickly) {
  Fill();
  ExpectFound(
      "manifest of 10 in 20",
      [](MemFileSystem& fs) {
        ASSERT_OK_AND_ASSIGN(
            const std::string manifest,
            ReadFile(fs, JoinPath(InStore(SnapshotName(10)), kSnapshotManifestName), 1 << 20));
        ASSERT_OK(WriteFileDurably(fs, JoinPath(InStore(SnapshotName(20)), kSnapshotManifestName),
                                   manifest));
      },
      VerifyDepth::kQuick, {SnapshotName(20)});
}

TEST_F(VerifyDamageTest, ACurrentThatLeadsNowhereIsFoundQuickly) {
  Fill();
  ExpectFound(
      "dangling",
      [](MemFileSystem& fs) { ASSERT_OK(RemoveTreeDurably(fs, InStore(SnapshotName(30)))); },
      VerifyDepth::kQuick, {"current", SnapshotName(30)});
}

TEST_F(VerifyDamageTest, DamageInTheChangelogIsFoundQuicklyNamingFileAndVersion) {
  Fill();
  const std::string changelog = InStore(kChangelogName);
  std::vector<std::string> segments;
  for (const std::string& path : FilesBelow(fs_, changelog)) {
    if (path.ends_with(".wal")) {
      segments.push_back(path);
    }
  }
  ASSERT_GT(segments.size(), 4u);
  // In a record in the middle, of every segment.
  for (const std::string& path : segments) {
    const std::string name = Below(path, changelog);
    ExpectFlipFound(path, SizeOf(path) / 3, VerifyDepth::kQuick, {"changelog", name, "version"});
  }
  for (size_t i = 0; i + 1 < segments.size(); ++i) {
    const std::string& path = segments[i];
    const std::string name = Below(path, changelog);
    ExpectFound("cut " + path, [&](MemFileSystem& fs) { fs.Resize(path, SizeOf(path) / 2); },
                VerifyDepth::kQuick, {"changelog", name});
    ExpectFound("emptied " + path, [&](MemFileSystem& fs) { fs.Resize(path, 0); },
                VerifyDepth::kQuick, {"changelog", name});
    const auto remove = [&](MemFileSystem& fs) { ASSERT_OK(RemoveFileDurably(fs, path)); };
    ExpectFound("removed " + path, remove, VerifyDepth::kQuick, {"changelog", name});
  }
}

TEST_F(VerifyDamageTest, OneFindingDoesNotHideAnother) {
  Fill();
  const auto damage = [](MemFileSystem& fs) {
    ASSERT_OK(RemoveFileDurably(fs, JoinPath(InStore(SnapshotName(10)), kSnapshotManifestName)));
    ASSERT_OK(WriteFileDurably(fs, JoinPath(InStore(SnapshotName(30)), "extra"), "x"));
  };
  ExpectFound("in 10", damage, VerifyDepth::kQuick, {SnapshotName(10), kSnapshotManifestName});
  ExpectFound("in 30", damage, VerifyDepth::kQuick, {SnapshotName(30), "extra"});
}

}  // namespace
}  // namespace flatkv::test
