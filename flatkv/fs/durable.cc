#include "flatkv/fs/durable.h"

#include <fmt/format.h>

#include "flatkv/fs/path.h"

namespace flatkv {
namespace {

Status WriteAndSync(FileSystem& fs, const std::string& path, std::string_view content) {
  ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, fs.Create(path));
  RETURN_IF_ERROR(file->Append(content));
  RETURN_IF_ERROR(file->Sync());
  return file->Close();
}

// Also when `removed` says that the name was absent: an earlier process may have been killed
// between its removal and its sync, and the name would come back after a power cut.
Status SyncRemoval(FileSystem& fs, const std::string& path, const Status& removed) {
  if (!removed.ok() && !IsNotFound(removed)) {
    return removed;
  }
  const Status synced = fs.SyncDir(ParentPath(path));
  return IsNotFound(synced) && IsNotFound(removed) ? OkStatus() : synced;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the tree, and the trees are our own.
Status RemoveTree(FileSystem& fs, const std::string& path) {
  ASSIGN_OR_RETURN(const FileInfo info, fs.Stat(path));
  if (info.type != FileType::kDirectory) {
    return fs.RemoveFile(path);
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> names, fs.List(path));
  for (const std::string& name : names) {
    RETURN_IF_ERROR(RemoveTree(fs, JoinPath(path, name)));
  }
  return fs.RemoveDir(path);
}

}  // namespace

StatusOr<bool> Exists(FileSystem& fs, const std::string& path) {
  const StatusOr<FileInfo> info = fs.Stat(path);
  if (info.ok()) {
    return true;
  }
  if (IsNotFound(info.status())) {
    return false;
  }
  return info.status();
}

StatusOr<std::string> ReadFile(FileSystem& fs, const std::string& path, uint64_t size_bytes_max) {
  ASSIGN_OR_RETURN(const std::unique_ptr<RandomAccessFile> file, fs.OpenRead(path));
  ASSIGN_OR_RETURN(const uint64_t size_bytes, file->Size());
  if (size_bytes > size_bytes_max) {
    return ResourceExhausted(fmt::format("read {}: the file holds {} bytes, the limit is {}", path,
                                         size_bytes, size_bytes_max));
  }
  std::string content(size_bytes, '\0');
  ASSIGN_OR_RETURN(const size_t read_bytes, file->Read(0, content.size(), content.data()));
  content.resize(read_bytes);
  return content;
}

Status WriteFileDurably(FileSystem& fs, const std::string& path, std::string_view content) {
  const std::string tmp = path + "-tmp";
  Status status = WriteAndSync(fs, tmp, content);
  if (status.ok()) {
    status = fs.Rename(tmp, path);
  }
  if (!status.ok()) {
    // A leftover would hold space, perhaps the very space that ran out. The first error is the one
    // to report.
    static_cast<void>(fs.RemoveFile(tmp));
    return status;
  }
  return fs.SyncDir(ParentPath(path));
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the path.
Status MakeDirsDurably(FileSystem& fs, const std::string& path) {
  const std::string parent = ParentPath(path);
  const StatusOr<std::vector<std::string>> names = fs.List(path);
  if (names.ok()) {
    // An empty directory may come from a process that was killed between its mkdir and its sync;
    // one with content cannot, since nothing is made in a directory before its name is synced.
    return names->empty() && parent != path ? fs.SyncDir(parent) : OkStatus();
  }
  if (!IsNotFound(names.status()) || parent == path) {
    return names.status();
  }
  RETURN_IF_ERROR(MakeDirsDurably(fs, parent));
  if (const Status made = fs.MakeDir(path); absl::IsAlreadyExists(made)) {
    // Another thread was faster, or a file came in the way: List tells which.
    RETURN_IF_ERROR(fs.List(path).status());
  } else if (!made.ok()) {
    return made;
  }
  return fs.SyncDir(parent);
}

Status RemoveFileDurably(FileSystem& fs, const std::string& path) {
  return SyncRemoval(fs, path, fs.RemoveFile(path));
}

Status RemoveTreeDurably(FileSystem& fs, const std::string& path) {
  return SyncRemoval(fs, path, RemoveTree(fs, path));
}

}  // namespace flatkv
