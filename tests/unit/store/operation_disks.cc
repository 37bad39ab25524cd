#include "tests/unit/store/operation_disks.h"

#include <fmt/format.h>

#include "flatkv/store/identity.h"
#include "tests/unit/store/store_admin_util.h"

namespace flatkv::test {
namespace {

// Empty if there is none.
StatusOr<std::string> IdInPlace(FileSystem& disk) {
  const StatusOr<std::string> text = ReadFile(disk, InStore(kIdentityName), 4096);
  if (IsNotFound(text.status())) {
    return std::string();
  }
  RETURN_IF_ERROR(text.status());
  ASSIGN_OR_RETURN(const Identity identity, DecodeIdentity(*text, "IDENTITY"));
  return identity.store_id;
}

Status RemoveAnything(FileSystem& disk, const std::string& path) {
  ASSIGN_OR_RETURN(const FileInfo info, disk.Stat(path));
  return info.type == FileType::kDirectory ? RemoveTreeDurably(disk, path)
                                           : RemoveFileDurably(disk, path);
}

}  // namespace

Status DamageTable(MemFileSystem& disk) {
  const std::string directory = JoinPath(InStore(kWorkingName), "storage");
  ASSIGN_OR_RETURN(const std::vector<std::string> names, disk.List(directory));
  std::string newest;
  for (const std::string& name : names) {
    if (IsTableName(name)) {
      newest = std::max(newest, name);
    }
  }
  if (newest.empty()) {
    return NotFound("there is no table to damage");
  }
  disk.Resize(JoinPath(directory, newest), 10);
  return OkStatus();
}

Status MakeFlat(MemFileSystem& disk) {
  for (const DataDb db : kAllDataDbs) {
    const std::string name(NameOf(db));
    RETURN_IF_ERROR(disk.Rename(JoinPath(InStore(kWorkingName), name), InStore(name)));
  }
  RETURN_IF_ERROR(disk.SyncDir(kStoreDirectory));
  RETURN_IF_ERROR(RemoveTreeDurably(disk, InStore(kWorkingName)));
  RETURN_IF_ERROR(RemoveFileDurably(disk, InStore(kCurrentName)));
  for (const Version version : SnapshotsOnDisk(disk)) {
    RETURN_IF_ERROR(RemoveTreeDurably(disk, InStore(SnapshotName(version))));
  }
  return OkStatus();
}

Status PointCurrentAt(MemFileSystem& disk, Version version) {
  RETURN_IF_ERROR(RemoveFileDurably(disk, InStore(kCurrentName)));
  RETURN_IF_ERROR(disk.Symlink(SnapshotName(version), InStore(kCurrentName)));
  return disk.SyncDir(kStoreDirectory);
}

Status BeginStore(MemFileSystem& disk, const std::string& store_id) {
  RETURN_IF_ERROR(MakeDirsDurably(disk, InStore(kChangelogName)));
  return WriteFileDurably(disk, InStore(kIdentityName),
                          EncodeIdentity({store_id, Suite::kBlake3, 1}));
}

Status BringBack(MemFileSystem& disk, const std::string& store_id) {
  ASSIGN_OR_RETURN(const std::string id, IdInPlace(disk));
  if (id != store_id) {
    ASSIGN_OR_RETURN(const std::vector<std::string> names, disk.List(kStoreDirectory));
    for (const std::string& name : names) {
      if (name != kQuarantineName) {
        RETURN_IF_ERROR(RemoveAnything(disk, InStore(name)));
      }
    }
  }
  const StatusOr<std::vector<std::string>> entries = disk.List(InStore(kQuarantineName));
  if (IsNotFound(entries.status())) {
    return OkStatus();
  }
  RETURN_IF_ERROR(entries.status());
  for (const std::string& entry : *entries) {
    const std::string directory = JoinPath(InStore(kQuarantineName), entry);
    ASSIGN_OR_RETURN(const std::vector<std::string> items, disk.List(directory));
    for (const std::string& item : items) {
      if (item.starts_with("REASON")) {
        continue;
      }
      ASSIGN_OR_RETURN(const bool in_place, Exists(disk, InStore(item)));
      if (in_place) {
        return AlreadyExists(fmt::format("{} is in place and in quarantine", item));
      }
      RETURN_IF_ERROR(disk.Rename(JoinPath(directory, item), InStore(item)));
    }
  }
  return disk.SyncDir(kStoreDirectory);
}

}  // namespace flatkv::test
