// The fixture of the tests of backup and restore: a closed store with two snapshots, and looks at
// what came of it.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "flatkv/snapshot/quarantine.h"
#include "flatkv/snapshot/store_swap.h"
#include "flatkv/store/backup.h"
#include "flatkv/store/restore.h"
#include "tests/unit/store/store_admin_util.h"

namespace flatkv::test {

inline constexpr char kBackupDirectory[] = "/backup";
inline constexpr Version kFirstSnapshot = 20;
inline constexpr Version kSecondSnapshot = 30;
inline constexpr Version kBackupHead = 34;

// The lines of a tree but for LOCK files, which hold the id of whoever looked last.
inline std::string TreeWithoutLocks(FileSystem& fs, const std::string& root) {
  const std::string all = TreeText(fs, root);
  std::string text;
  for (size_t begin = 0; begin < all.size();) {
    const size_t end = std::min(all.find('\n', begin), all.size() - 1) + 1;
    const std::string line = all.substr(begin, end - begin);
    if (line.find("LOCK ") == std::string::npos) {
      text += line;
    }
    begin = end;
  }
  return text;
}

// Opens the store of `home`, which stands at `version` of the history, checks every row, commits
// what the history has next, and closes it.
inline Status CheckStoreGoesOn(FileSystem& fs, const std::string& home, const StoreOptions& options,
                               const History& history, Version version) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                   Store::Open(fs, NullLogger(), home, options));
  const StoreInfo info = store->Info();
  if (info.version != version || info.root != history.root(version)) {
    return DataLoss(fmt::format("the store stands at version {}", info.version));
  }
  RETURN_IF_ERROR(store->VerifyRows());
  if (version < history.versions()) {
    RETURN_IF_ERROR(CommitTo(*store, history, version + 1));
  }
  return store->Close();
}

class BackupFixture : public ::testing::Test {
 protected:
  BackupFixture() : history_(kBackupHead, 25, 77) {
    FillStore(fs_, options_, history_, {kFirstSnapshot, kSecondSnapshot});
  }

  StatusOr<BackupReport> Backup(Version version, const std::string& to = kBackupDirectory) {
    return TakeBackup(fs_, logger_, {kStoreDirectory, to, version}, nullptr);
  }
  RestoreRequest FromBackup() const {
    RestoreRequest request;
    request.home = kHome;
    request.from = kBackupDirectory;
    return request;
  }
  RestoreRequest FromSnapshot(Version version) const {
    RestoreRequest request;
    request.home = kHome;
    request.version = version;
    return request;
  }
  StatusOr<RestoreReport> DoRestore(const RestoreRequest& request) {
    return Restore(fs_, logger_, request, nullptr);
  }
  std::string StoreId() { return StoreIdAt(fs_, kStoreDirectory).value_or("none"); }

  const History history_;
  StoreOptions options_ = AdminOptions();
  CollectingLogger logger_;
  MemFileSystem fs_;
};

}  // namespace flatkv::test
