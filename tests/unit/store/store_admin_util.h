// What the tests of snapshots, recovery, reorg and verify share: a store directory with snapshots,
// and looks at it from outside.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "flatkv/base/mutex.h"
#include "flatkv/codec/meta_keys.h"
#include "flatkv/engine/background_threads.h"
#include "flatkv/engine/leveldb_engine.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/store_layout.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/tree_digest.h"
#include "tests/unit/store/history.h"

namespace flatkv::test {

inline constexpr char kStoreDirectory[] = "/home/flatkv";

inline std::string InStore(std::string_view name) { return JoinPath(kStoreDirectory, name); }

// Small segments, so that a prune of the changelog removes some.
inline StoreOptions AdminOptions() {
  StoreOptions options = SmallStoreOptions(Suite::kBlake3);
  options.threads = 1;
  options.wal_segment_bytes = 2 << 10;
  options.snapshot.keep_recent = 1000;
  return options;
}

// The lines that the store logs.
class CollectingLogger final : public Logger {
 public:
  void Log(LogLevel level, std::string_view event, std::string_view text) override {
    MutexLock lock(mu_);
    lines_.emplace_back(level, std::string(event) + ": " + std::string(text));
  }
  // One a line.
  std::string All() const { return AtLeast(LogLevel::kDebug); }
  // Those of errors and warnings.
  std::string Complaints() const { return AtLeast(LogLevel::kWarning); }

 private:
  std::string AtLeast(LogLevel least) const {
    MutexLock lock(mu_);
    std::string text;
    for (const auto& [level, line] : lines_) {
      if (level >= least) {
        text += line + "\n";
      }
    }
    return text;
  }

  mutable Mutex mu_;
  std::vector<std::pair<LogLevel, std::string>> lines_ GUARDED_BY(mu_);
};

// The versions of the snapshot directories on disk.
inline std::vector<Version> SnapshotsOnDisk(FileSystem& fs) {
  std::vector<Version> versions;
  const auto names = fs.List(kStoreDirectory);
  EXPECT_OK(names);
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    if (const std::optional<Version> version = ParseSnapshotName(name); version.has_value()) {
      versions.push_back(*version);
    }
  }
  return versions;
}

// Every regular file below `directory`, by path.
inline std::vector<std::string> FilesBelow(FileSystem& fs, const std::string& directory) {
  std::vector<std::string> files;
  const auto names = fs.List(directory);
  EXPECT_OK(names);
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    const std::string path = JoinPath(directory, name);
    const auto info = fs.Stat(path);
    EXPECT_OK(info);
    if (info.ok() && info->type == FileType::kDirectory) {
      const std::vector<std::string> below = FilesBelow(fs, path);
      files.insert(files.end(), below.begin(), below.end());
    } else if (info.ok() && info->type == FileType::kRegular) {
      files.push_back(path);
    }
  }
  return files;
}

inline bool IsTableName(std::string_view path) {
  return path.ends_with(".ldb") || path.ends_with(".sst");
}

// Waits until `outcomes` snapshots have been taken or have failed since open, and none runs.
inline void WaitForSnapshots(Store& store, uint64_t outcomes) {
  while (true) {
    const SnapshotActivity activity = store.admin().Retention().activity;
    if (activity.taken + activity.failed >= outcomes && activity.running == 0) {
      return;
    }
    std::this_thread::yield();
  }
}

// The paths of the store and their content, but for the data DBs' own files, which LevelDB changes
// when it likes.
inline std::string TreeBesideDataDbs(FileSystem& fs) {
  const std::string all = TreeText(fs, kStoreDirectory);
  std::string text;
  for (size_t begin = 0; begin < all.size();) {
    const size_t end = std::min(all.find('\n', begin), all.size() - 1) + 1;
    const std::string line = all.substr(begin, end - begin);
    if (line.find(fmt::format(" {}/", kWorkingName)) == std::string::npos) {
      text += line;
    }
    begin = end;
  }
  return text;
}

// Every row of the four data DBs of a closed store, metadata (versions, hashes, counts) included,
// but for records of zeros: a module that has no rows may have them or none.
inline std::string AllRows(const MemFileSystem& closed) {
  const std::unique_ptr<MemFileSystem> disk = closed.Clone();  // opening a DB writes
  BackgroundThreads threads(1);
  std::string text;
  for (const DataDb db : kAllDataDbs) {
    const auto engine =
        OpenLevelDbEngine(*disk, threads, NullLogger(), JoinPath(InStore(kWorkingName), NameOf(db)),
                          LevelDbEngineOptions());
    EXPECT_OK(engine);
    if (!engine.ok()) {
      return "";
    }
    const std::unique_ptr<KvIterator> rows = (*engine)->NewIterator();
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
      if (IsMetaKey(rows->key()) &&
          rows->value().find_first_not_of('\0') == std::string_view::npos) {
        continue;
      }
      text +=
          fmt::format("{} {} {}\n", NameOf(db), HexEncode(rows->key()), HexEncode(rows->value()));
    }
    EXPECT_OK(rows->status());
  }
  return text;
}

// The pairs of every module in a view, and its root.
inline void ExpectViewAt(StoreView& view, const History& history, Version version) {
  EXPECT_EQ(view.version(), version);
  EXPECT_EQ(Hex(view.root()), Hex(history.root(version)));
  for (const std::string& module : HistoryModules()) {
    ASSERT_OK_AND_ASSIGN(const auto iterator, view.Iterate({.module = module}));
    Pairs found;
    for (; iterator->Valid(); iterator->Next()) {
      found.emplace_back(iterator->key(), iterator->value());
    }
    EXPECT_OK(iterator->status());
    EXPECT_EQ(found, history.PairsAt(version, module)) << module << " at " << version;
  }
}

// The state of `version`, to the last row.
inline void ExpectStateAt(Store& store, const History& history, Version version) {
  const StoreInfo info = store.Info();
  EXPECT_EQ(info.version, version);
  EXPECT_EQ(Hex(info.root), Hex(history.root(version)));
  for (const std::string& module : HistoryModules()) {
    EXPECT_EQ(Walk(store, {.module = module}), history.PairsAt(version, module)) << module;
  }
  EXPECT_OK(store.VerifyRows());
}

// A disk with a store of `history` that has snapshots of the versions given, closed cleanly or
// killed.
inline void FillStore(MemFileSystem& fs, const StoreOptions& options, const History& history,
                      const std::vector<Version>& snapshots, bool close = true) {
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs, options));
  for (const Version version : snapshots) {
    ASSERT_OK(CommitTo(*store, history, version));
    ASSERT_OK(store->admin().CreateSnapshot());
  }
  ASSERT_OK(CommitTo(*store, history, history.versions()));
  if (close) {
    ASSERT_OK(store->Close());
  }
}

}  // namespace flatkv::test
