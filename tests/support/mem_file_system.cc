#include "tests/support/mem_file_system.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <utility>

#include "flatkv/base/check.h"

namespace flatkv::test {
namespace {

constexpr int kSymlinksMax = 40;  // as Linux

thread_local uint64_t reads_of_this_thread = 0;

Status Failure(const char* operation, const std::string& path, int error_number) {
  return ErrnoStatus(operation, path, error_number);
}

void PushNames(std::string_view path, std::deque<std::string>* names) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (!part.empty() && part != ".") {
      parts.emplace_back(part);
    }
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  names->insert(names->begin(), parts.begin(), parts.end());
}

}  // namespace

class MemFileSystem::Writer : public WritableFile {
 public:
  Writer(MemFileSystem* fs, std::string path, MemNodePtr node)
      : fs_(*fs), path_(std::move(path)), node_(std::move(node)) {}
  ~Writer() override {
    MutexLock lock(fs_.mu_);
    fs_.open_handles_ -= open_ ? 1 : 0;
  }

  Status Append(std::string_view data) override {
    MutexLock lock(fs_.mu_);
    RETURN_IF_ERROR(CheckOpen("write"));
    node_->MutableData().append(data);
    return OkStatus();
  }
  Status Sync() override {
    MutexLock lock(fs_.mu_);
    RETURN_IF_ERROR(CheckOpen("fdatasync"));
    node_->durable_bytes = node_->data->size();
    return OkStatus();
  }
  Status StartWriteback() override {
    MutexLock lock(fs_.mu_);
    return CheckOpen("sync_file_range");
  }
  Status Close() override {
    MutexLock lock(fs_.mu_);
    RETURN_IF_ERROR(CheckOpen("close"));
    open_ = false;
    --fs_.open_handles_;
    return OkStatus();
  }

 private:
  Status CheckOpen(const char* operation) const REQUIRES(fs_.mu_) {
    return open_ ? OkStatus() : Failure(operation, path_, EBADF);
  }

  MemFileSystem& fs_;
  const std::string path_;
  const MemNodePtr node_;
  bool open_ GUARDED_BY(fs_.mu_) = true;
};

class MemFileSystem::Reader : public RandomAccessFile {
 public:
  Reader(MemFileSystem* fs, MemNodePtr node) : fs_(*fs), node_(std::move(node)) {}
  ~Reader() override {
    MutexLock lock(fs_.mu_);
    --fs_.open_handles_;
  }

  StatusOr<size_t> Read(uint64_t offset, size_t size_bytes, char* buffer) const override {
    MutexLock lock(fs_.mu_);
    const std::string& data = *node_->data;
    if (offset >= data.size()) {
      return size_t{0};
    }
    const size_t count = std::min(size_bytes, data.size() - offset);
    ++reads_of_this_thread;
    std::memcpy(buffer, data.data() + offset, count);
    return count;
  }
  StatusOr<uint64_t> Size() const override {
    MutexLock lock(fs_.mu_);
    return uint64_t{node_->data->size()};
  }

 private:
  MemFileSystem& fs_;
  const MemNodePtr node_;
};

class MemFileSystem::HeldLock : public FileLock {
 public:
  HeldLock(MemFileSystem* fs, MemNodePtr node) : fs_(*fs), node_(std::move(node)) {}
  ~HeldLock() override {
    MutexLock lock(fs_.mu_);
    fs_.locked_.erase(node_.get());
    --fs_.open_handles_;
  }

 private:
  MemFileSystem& fs_;
  const MemNodePtr node_;
};

MemFileSystem::~MemFileSystem() { FLATKV_CHECK(OpenHandles() == 0); }

std::unique_ptr<MemFileSystem> MemFileSystem::Crash(CrashMode mode, uint64_t seed) const {
  MutexLock lock(mu_);
  return std::unique_ptr<MemFileSystem>(new MemFileSystem(disk_.Crash(mode, seed), free_bytes_));
}

std::unique_ptr<MemFileSystem> MemFileSystem::Clone() const {
  return Crash(CrashMode::kKeepAll, 0);
}

size_t MemFileSystem::OpenHandles() const {
  MutexLock lock(mu_);
  return open_handles_;
}

uint64_t MemFileSystem::DeviceReadsOfThisThread() const { return reads_of_this_thread; }

StatusOr<std::unique_ptr<OverlappedReads>> MemFileSystem::MakeOverlappedReads(size_t) {
  return Unimplemented("overlapped reads of a disk in memory");
}

void MemFileSystem::SetFreeBytes(uint64_t free_bytes) {
  MutexLock lock(mu_);
  free_bytes_ = free_bytes;
}

StatusOr<MemFileSystem::Place> MemFileSystem::Walk(const char* operation, const std::string& path,
                                                   LastSymlink last) const {
  if (path.empty()) {
    return Failure(operation, path, ENOENT);
  }
  std::deque<std::string> names;
  PushNames(path, &names);
  std::vector<MemNodePtr> above;  // the directories that ".." leads back to
  Place place{.directory = nullptr, .name = "", .node = disk_.root()};
  int symlinks = 0;
  while (!names.empty()) {
    const std::string name = std::move(names.front());
    names.pop_front();
    if (place.node == nullptr) {
      return Failure(operation, path, ENOENT);
    }
    if (place.node->type != FileType::kDirectory) {
      return Failure(operation, path, ENOTDIR);
    }
    const MemNodePtr directory = place.node;
    if (name == "..") {
      place = {.directory = nullptr, .name = "", .node = above.empty() ? directory : above.back()};
      if (!above.empty()) {
        above.pop_back();
      }
      continue;
    }
    const auto entry = directory->entries.find(name);
    const MemNodePtr node = entry == directory->entries.end() ? nullptr : entry->second;
    const bool follow = !names.empty() || last == LastSymlink::kFollow;
    if (node != nullptr && node->type == FileType::kSymlink && follow) {
      if (++symlinks > kSymlinksMax) {
        return Failure(operation, path, ELOOP);
      }
      PushNames(node->target, &names);
      if (node->target.starts_with('/')) {
        above.clear();
        place = {.directory = nullptr, .name = "", .node = disk_.root()};
      }
      continue;
    }
    if (node != nullptr && node->type == FileType::kDirectory) {
      above.push_back(directory);
    }
    place = {.directory = directory, .name = name, .node = node};
  }
  return place;
}

StatusOr<MemFileSystem::Place> MemFileSystem::Find(const char* operation, const std::string& path,
                                                   LastSymlink last) const {
  ASSIGN_OR_RETURN(Place place, Walk(operation, path, last));
  if (place.node == nullptr) {
    return Failure(operation, path, ENOENT);
  }
  return place;
}

StatusOr<MemFileSystem::Place> MemFileSystem::FindFree(const char* operation,
                                                       const std::string& path) const {
  ASSIGN_OR_RETURN(Place place, Walk(operation, path, LastSymlink::kKeep));
  if (place.node != nullptr) {
    return Failure(operation, path, EEXIST);
  }
  return place;
}

StatusOr<MemNodePtr> MemFileSystem::FindFile(const char* operation, const std::string& path) const {
  ASSIGN_OR_RETURN(const Place place, Find(operation, path, LastSymlink::kFollow));
  if (place.node->type == FileType::kDirectory) {
    return Failure(operation, path, EISDIR);
  }
  return place.node;
}

StatusOr<MemNodePtr> MemFileSystem::FindDir(const char* operation, const std::string& path) const {
  ASSIGN_OR_RETURN(const Place place, Find(operation, path, LastSymlink::kFollow));
  if (place.node->type != FileType::kDirectory) {
    return Failure(operation, path, ENOTDIR);
  }
  return place.node;
}

StatusOr<std::unique_ptr<WritableFile>> MemFileSystem::Create(const std::string& path) {
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(const Place place, Walk("open", path, LastSymlink::kKeep));
  if (place.node != nullptr) {
    if (place.node->type == FileType::kDirectory) {
      return Failure("unlink", path, EISDIR);
    }
    disk_.Apply({{place.directory, place.name, nullptr}});
  }
  const MemNodePtr node = disk_.NewNode(FileType::kRegular);
  disk_.Apply({{place.directory, place.name, node}});
  ++open_handles_;
  return std::make_unique<Writer>(this, path, node);
}

StatusOr<std::unique_ptr<WritableFile>> MemFileSystem::OpenAppend(const std::string& path) {
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(const MemNodePtr node, FindFile("open", path));
  ++open_handles_;
  return std::make_unique<Writer>(this, path, node);
}

StatusOr<std::unique_ptr<RandomAccessFile>> MemFileSystem::OpenRead(const std::string& path) {
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(const MemNodePtr node, FindFile("open", path));
  ++open_handles_;
  return std::make_unique<Reader>(this, node);
}

StatusOr<std::unique_ptr<FileLock>> MemFileSystem::Lock(const std::string& path) {
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(Place place, Walk("open", path, LastSymlink::kFollow));
  if (place.node == nullptr) {
    place.node = disk_.NewNode(FileType::kRegular);
    disk_.Apply({{place.directory, place.name, place.node}});
  }
  if (!locked_.insert(place.node.get()).second) {
    const std::string_view content = *place.node->data;
    return WithReason(FailedPrecondition(fmt::format("lock {}: held by process {}", path,
                                                     content.substr(0, content.find('\n')))),
                      Reason::kLocked);
  }
  place.node->MutableData() = fmt::format("{}\n", ::getpid());
  place.node->durable_bytes = 0;
  ++open_handles_;
  return std::make_unique<HeldLock>(this, place.node);
}

}  // namespace flatkv::test
