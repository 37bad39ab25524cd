#include "bench/bench_home.h"

#include <fmt/format.h>

#include <set>
#include <vector>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"

namespace flatkv::bench {
namespace {

constexpr char kStoreName[] = "flatkv";
// The daemon's own, beside what it is given.
constexpr char kAdminSocketName[] = "admin.sock";

// What cannot be read is not counted: files come and go while a store works.
void AddTree(FileSystem& fs, const std::string& path, std::set<uint64_t>* inodes, uint64_t* bytes) {
  const StatusOr<FileInfo> info = fs.Stat(path);
  if (!info.ok()) {
    return;
  }
  if (info->type == FileType::kRegular && inodes->insert(info->inode).second) {
    *bytes += info->size_bytes;
  }
  if (info->type != FileType::kDirectory) {
    return;
  }
  const StatusOr<std::vector<std::string>> names = fs.List(path);
  if (names.ok()) {
    for (const std::string& name : *names) {
      AddTree(fs, JoinPath(path, name), inodes, bytes);
    }
  }
}

}  // namespace

StatusOr<std::unique_ptr<BenchHome>> BenchHome::Create(FileSystem& fs, const std::string& path,
                                                       bool keep) {
  ASSIGN_OR_RETURN(const bool exists, Exists(fs, path));
  if (exists) {
    const StatusOr<std::vector<std::string>> names = fs.List(path);
    if (!names.ok() || !names->empty()) {
      return FailedPrecondition(
          fmt::format("{} is not an empty directory: a benchmark works in one of its own and "
                      "touches nothing else; name an absent or empty one",
                      path));
    }
  } else {
    RETURN_IF_ERROR(MakeDirsDurably(fs, path));
  }
  return std::unique_ptr<BenchHome>(new BenchHome(fs, path, keep, !exists));
}

BenchHome::~BenchHome() {
  if (keep_) {
    return;
  }
  RemoveStore().IgnoreError();
  RemoveTreeDurably(fs_, Path(kPartsName)).IgnoreError();
  for (const char* name :
       {kDaemonSocketName, kDaemonConfigName, kDaemonLogName, kAdminSocketName}) {
    RemoveFileDurably(fs_, Path(name)).IgnoreError();
  }
  if (made_) {
    fs_.RemoveDir(path_).IgnoreError();  // stays if someone else has put something there
  }
}

std::string BenchHome::Path(std::string_view name) const { return JoinPath(path_, name); }

uint64_t BenchHome::DiskBytes() const {
  std::set<uint64_t> inodes;
  uint64_t bytes = 0;
  AddTree(fs_, path_, &inodes, &bytes);
  return bytes;
}

Status BenchHome::RemoveStore() const { return RemoveTreeDurably(fs_, Path(kStoreName)); }

}  // namespace flatkv::bench
