// The calls of MemFileSystem that work on names and directories, and the helpers that damage files.
#include <fmt/format.h>

#include <cerrno>

#include "flatkv/base/check.h"
#include "tests/support/mem_file_system.h"

namespace flatkv::test {

Status MemFileSystem::Truncate(const std::string& path, uint64_t size_bytes) {
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(const MemNodePtr node, FindFile("open", path));
  if (node->data->size() < size_bytes) {
    return ErrnoStatus("ftruncate", path, EINVAL);
  }
  node->MutableData().resize(size_bytes);
  node->durable_bytes = size_bytes;
  return OkStatus();
}

Status MemFileSystem::Link(const std::string& from, const std::string& to) {
  MutexLock lock(mu_);
  const std::string shown = fmt::format("{} -> {}", from, to);
  ASSIGN_OR_RETURN(const Place source, Find("link", from, LastSymlink::kKeep));
  ASSIGN_OR_RETURN(const Place target, FindFree("link", to));
  if (source.node->type == FileType::kDirectory) {
    return ErrnoStatus("link", shown, EPERM);
  }
  disk_.Apply({{target.directory, target.name, source.node}});
  return OkStatus();
}

Status MemFileSystem::Symlink(const std::string& target, const std::string& path) {
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(const Place place, FindFree("symlink", path));
  const MemNodePtr node = disk_.NewNode(FileType::kSymlink);
  node->target = target;
  disk_.Apply({{place.directory, place.name, node}});
  return OkStatus();
}

StatusOr<std::string> MemFileSystem::ReadLink(const std::string& path) {
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(const Place place, Find("readlink", path, LastSymlink::kKeep));
  if (place.node->type != FileType::kSymlink) {
    return ErrnoStatus("readlink", path, EINVAL);
  }
  return place.node->target;
}

Status MemFileSystem::Rename(const std::string& from, const std::string& to) {
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(const Place source, Find("rename", from, LastSymlink::kKeep));
  ASSIGN_OR_RETURN(const Place target, Walk("rename", to, LastSymlink::kKeep));
  if (source.directory == nullptr || target.directory == nullptr) {
    return ErrnoStatus("rename", fmt::format("{} -> {}", from, to), EBUSY);
  }
  if (target.node == source.node) {
    return OkStatus();  // POSIX: two names of one file, and both stay.
  }
  if (target.node != nullptr) {
    const bool from_dir = source.node->type == FileType::kDirectory;
    const bool to_dir = target.node->type == FileType::kDirectory;
    if (from_dir != to_dir || (to_dir && !target.node->entries.empty())) {
      return ErrnoStatus("rename", fmt::format("{} -> {}", from, to),
                         from_dir == to_dir ? ENOTEMPTY
                         : to_dir           ? EISDIR
                                            : ENOTDIR);
    }
  }
  disk_.Apply(
      {{source.directory, source.name, nullptr}, {target.directory, target.name, source.node}});
  return OkStatus();
}

Status MemFileSystem::Exchange(const std::string& one, const std::string& other) {
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(const Place first, Find("exchange", one, LastSymlink::kKeep));
  ASSIGN_OR_RETURN(const Place second, Find("exchange", other, LastSymlink::kKeep));
  if (first.directory == nullptr || second.directory == nullptr) {
    return ErrnoStatus("exchange", fmt::format("{} -> {}", one, other), EBUSY);
  }
  disk_.Apply(
      {{first.directory, first.name, second.node}, {second.directory, second.name, first.node}});
  return OkStatus();
}

Status MemFileSystem::RemoveFile(const std::string& path) {
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(const Place place, Find("unlink", path, LastSymlink::kKeep));
  if (place.node->type == FileType::kDirectory) {
    return ErrnoStatus("unlink", path, EISDIR);
  }
  disk_.Apply({{place.directory, place.name, nullptr}});
  return OkStatus();
}

Status MemFileSystem::RemoveDir(const std::string& path) {
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(const Place place, Find("rmdir", path, LastSymlink::kKeep));
  if (place.node->type != FileType::kDirectory) {
    return ErrnoStatus("rmdir", path, ENOTDIR);
  }
  if (place.directory == nullptr || !place.node->entries.empty()) {
    return ErrnoStatus("rmdir", path, place.directory == nullptr ? EBUSY : ENOTEMPTY);
  }
  disk_.Apply({{place.directory, place.name, nullptr}});
  return OkStatus();
}

Status MemFileSystem::MakeDir(const std::string& path) {
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(const Place place, FindFree("mkdir", path));
  disk_.Apply({{place.directory, place.name, disk_.NewNode(FileType::kDirectory)}});
  return OkStatus();
}

StatusOr<std::vector<std::string>> MemFileSystem::List(const std::string& path) {
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(const MemNodePtr directory, FindDir("opendir", path));
  std::vector<std::string> names;
  names.reserve(directory->entries.size());
  for (const auto& [name, node] : directory->entries) {
    names.push_back(name);
  }
  return names;
}

StatusOr<FileInfo> MemFileSystem::Stat(const std::string& path) {
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(const Place place, Find("lstat", path, LastSymlink::kKeep));
  const MemNode& node = *place.node;
  FileInfo info{.type = node.type, .size_bytes = 0, .inode = node.inode, .links = node.links};
  if (node.type == FileType::kRegular) {
    info.size_bytes = node.data->size();
  } else if (node.type == FileType::kSymlink) {
    info.size_bytes = node.target.size();
  }
  return info;
}

Status MemFileSystem::SyncDir(const std::string& path) {
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(const MemNodePtr directory, FindDir("open", path));
  disk_.SyncNames(directory);
  return OkStatus();
}

StatusOr<uint64_t> MemFileSystem::FreeBytes(const std::string& path) {
  MutexLock lock(mu_);
  RETURN_IF_ERROR(Find("statvfs", path, LastSymlink::kFollow).status());
  return free_bytes_;
}

MemNodePtr MemFileSystem::FileToDamage(const std::string& path) {
  const StatusOr<MemNodePtr> node = FindFile("open", path);
  FLATKV_CHECK(node.ok());
  return *node;
}

void MemFileSystem::FlipBit(const std::string& path, uint64_t offset, unsigned bit) {
  MutexLock lock(mu_);
  std::string& data = FileToDamage(path)->MutableData();
  FLATKV_CHECK(offset < data.size() && bit < 8);
  data[offset] = static_cast<char>(static_cast<unsigned char>(data[offset]) ^ (1U << bit));
}

void MemFileSystem::Resize(const std::string& path, uint64_t size_bytes) {
  MutexLock lock(mu_);
  const MemNodePtr node = FileToDamage(path);
  node->MutableData().resize(size_bytes);
  node->durable_bytes = size_bytes;
}

void MemFileSystem::Overwrite(const std::string& path, std::string_view content) {
  MutexLock lock(mu_);
  const MemNodePtr node = FileToDamage(path);
  node->MutableData() = content;
  node->durable_bytes = content.size();
}

}  // namespace flatkv::test
