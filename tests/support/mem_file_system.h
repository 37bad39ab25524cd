// A file system in memory that knows what has been synced and can be crashed (mem_disk.h has the
// model).
//
// "/" and "." are the same root directory; it exists and is durable. Errors carry the errno that
// Linux would give. Thread-safe by one mutex. Handles and locks borrow the MemFileSystem: it
// outlives them.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/base/mutex.h"
#include "flatkv/fs/file_system.h"
#include "tests/support/mem_disk.h"

namespace flatkv::test {

class MemFileSystem : public FileSystem {
 public:
  MemFileSystem() = default;
  // REQUIRES: no handle and no lock is open.
  ~MemFileSystem() override;
  MemFileSystem(const MemFileSystem&) = delete;
  MemFileSystem& operator=(const MemFileSystem&) = delete;

  // The disk after a crash at this moment, as a file system of its own without handles and locks.
  // After a power cut all that is left is durable; after kKeepAll what was not synced is still lost
  // by a power cut that follows.
  std::unique_ptr<MemFileSystem> Crash(CrashMode mode, uint64_t seed) const EXCLUDES(mu_);
  // The same disk, durable and not, without handles and locks.
  std::unique_ptr<MemFileSystem> Clone() const EXCLUDES(mu_);

  // Damage, durable at once and seen through all hard links. REQUIRES: the file exists (and has the
  // byte).
  void FlipBit(const std::string& path, uint64_t offset, unsigned bit) EXCLUDES(mu_);
  // Shorter cuts, longer fills with zero bytes.
  void Resize(const std::string& path, uint64_t size_bytes) EXCLUDES(mu_);
  void Overwrite(const std::string& path, std::string_view content) EXCLUDES(mu_);

  // Files open for reading or writing, and locks.
  size_t OpenHandles() const EXCLUDES(mu_);
  void SetFreeBytes(uint64_t free_bytes) EXCLUDES(mu_);

  StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path) override EXCLUDES(mu_);
  StatusOr<std::unique_ptr<WritableFile>> OpenAppend(const std::string& path) override
      EXCLUDES(mu_);
  StatusOr<std::unique_ptr<RandomAccessFile>> OpenRead(const std::string& path) override
      EXCLUDES(mu_);
  Status Truncate(const std::string& path, uint64_t size_bytes) override EXCLUDES(mu_);
  Status Link(const std::string& from, const std::string& to) override EXCLUDES(mu_);
  Status Symlink(const std::string& target, const std::string& path) override EXCLUDES(mu_);
  StatusOr<std::string> ReadLink(const std::string& path) override EXCLUDES(mu_);
  Status Rename(const std::string& from, const std::string& to) override EXCLUDES(mu_);
  Status Exchange(const std::string& one, const std::string& other) override EXCLUDES(mu_);
  Status RemoveFile(const std::string& path) override EXCLUDES(mu_);
  Status RemoveDir(const std::string& path) override EXCLUDES(mu_);
  Status MakeDir(const std::string& path) override EXCLUDES(mu_);
  StatusOr<std::vector<std::string>> List(const std::string& path) override EXCLUDES(mu_);
  StatusOr<FileInfo> Stat(const std::string& path) override EXCLUDES(mu_);
  Status SyncDir(const std::string& path) override EXCLUDES(mu_);
  StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) override EXCLUDES(mu_);
  StatusOr<uint64_t> FreeBytes(const std::string& path) override EXCLUDES(mu_);
  // Every read: this disk has no cache.
  uint64_t DeviceReadsOfThisThread() const override;
  uint64_t PageCacheRoom() const override { return UINT64_MAX; }
  // This disk has no such reads.
  StatusOr<std::unique_ptr<OverlappedReads>> MakeOverlappedReads(size_t tasks_max) override;

 private:
  class Writer;
  class Reader;
  class HeldLock;
  // Where a path leads. `node` is null if the last name does not exist; `directory` is null for the
  // root.
  struct Place {
    MemNodePtr directory;
    std::string name;
    MemNodePtr node;
  };
  enum class LastSymlink { kFollow, kKeep };

  MemFileSystem(MemDisk disk, uint64_t free_bytes)
      : disk_(std::move(disk)), free_bytes_(free_bytes) {}

  StatusOr<Place> Walk(const char* operation, const std::string& path, LastSymlink last) const
      REQUIRES(mu_);
  // Walk to something that exists.
  StatusOr<Place> Find(const char* operation, const std::string& path, LastSymlink last) const
      REQUIRES(mu_);
  // Walk to a name that is free.
  StatusOr<Place> FindFree(const char* operation, const std::string& path) const REQUIRES(mu_);
  StatusOr<MemNodePtr> FindFile(const char* operation, const std::string& path) const REQUIRES(mu_);
  StatusOr<MemNodePtr> FindDir(const char* operation, const std::string& path) const REQUIRES(mu_);
  MemNodePtr FileToDamage(const std::string& path) REQUIRES(mu_);

  mutable Mutex mu_;
  MemDisk disk_ GUARDED_BY(mu_);
  std::set<const MemNode*> locked_ GUARDED_BY(mu_);
  size_t open_handles_ GUARDED_BY(mu_) = 0;
  uint64_t free_bytes_ GUARDED_BY(mu_) = uint64_t{1} << 40;
};

}  // namespace flatkv::test
