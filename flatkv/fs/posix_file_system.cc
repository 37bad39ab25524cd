#include "flatkv/fs/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <mutex>
#include <optional>
#include <utility>

#include "flatkv/fs/direct_file.h"
#include "flatkv/fs/page_cache_room.h"
#include "flatkv/fs/unique_fd.h"

namespace flatkv {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr mode_t kDirMode = 0700;

template <typename Call>
auto RetryOnEintr(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) {
    result = call();
  }
  return result;
}

// Turns the 0 or -1 of a system call into a status.
Status Checked(int result, std::string_view operation, std::string_view path) {
  return result == 0 ? OkStatus() : ErrnoStatus(operation, path, errno);
}

Status Checked(int result, std::string_view operation, const std::string& from,
               const std::string& to) {
  const int error_number = errno;  // before fmt can allocate
  return result == 0 ? OkStatus()
                     : ErrnoStatus(operation, fmt::format("{} -> {}", from, to), error_number);
}

StatusOr<UniqueFd> Open(const std::string& path, int flags) {
  const int fd = RetryOnEintr([&] { return ::open(path.c_str(), flags | O_CLOEXEC, kFileMode); });
  if (fd < 0) {
    return ErrnoStatus("open", path, errno);
  }
  return UniqueFd(fd);
}

Status WriteAll(int fd, const std::string& path, std::string_view data) {
  while (!data.empty()) {
    const ssize_t written = RetryOnEintr([&] { return ::write(fd, data.data(), data.size()); });
    if (written < 0) {
      return ErrnoStatus("write", path, errno);
    }
    data.remove_prefix(static_cast<size_t>(written));
  }
  return OkStatus();
}

StatusOr<size_t> ReadAll(int fd, const std::string& path, uint64_t offset, size_t size_bytes,
                         char* buffer) {
  size_t done = 0;
  while (done < size_bytes) {
    const auto at = static_cast<off_t>(offset + done);
    const ssize_t got =
        RetryOnEintr([&] { return ::pread(fd, buffer + done, size_bytes - done, at); });
    if (got < 0) {
      return ErrnoStatus("read", path, errno);
    }
    if (got == 0) {
      break;
    }
    done += static_cast<size_t>(got);
  }
  return done;
}

StatusOr<uint64_t> SizeOf(int fd, const std::string& path) {
  struct stat info;
  RETURN_IF_ERROR(Checked(::fstat(fd, &info), "fstat", path));
  return static_cast<uint64_t>(info.st_size);
}

Status SyncData(int fd, const std::string& path) {
  return Checked(RetryOnEintr([&] { return ::fdatasync(fd); }), "fdatasync", path);
}

class PosixWritableFile : public WritableFile {
 public:
  PosixWritableFile(UniqueFd fd, std::string path, uint64_t size_bytes)
      : fd_(std::move(fd)),
        path_(std::move(path)),
        size_bytes_(size_bytes),
        writeback_bytes_(size_bytes) {}

  Status Append(std::string_view data) override {
    RETURN_IF_ERROR(WriteAll(fd_.get(), path_, data));
    size_bytes_.fetch_add(data.size());
    return OkStatus();
  }

  Status Sync() override { return SyncData(fd_.get(), path_); }

  Status StartWriteback() override {
    const uint64_t end = size_bytes_.load();
    const uint64_t begin = writeback_bytes_.exchange(end);
    if (begin >= end) {
      return OkStatus();
    }
    const int result = RetryOnEintr([&] {
      return ::sync_file_range(fd_.get(), static_cast<off_t>(begin),
                               static_cast<off_t>(end - begin), SYNC_FILE_RANGE_WRITE);
    });
    return Checked(result, "sync_file_range", path_);
  }

  Status Close() override { return Checked(fd_.Close(), "close", path_); }

 private:
  UniqueFd fd_;
  const std::string path_;
  // Atomic because writeback may be started by the thread that syncs.
  std::atomic<uint64_t> size_bytes_;
  std::atomic<uint64_t> writeback_bytes_;  // writeback of the bytes below was started
};

class PosixRandomAccessFile : public RandomAccessFile {
 public:
  PosixRandomAccessFile(UniqueFd fd, std::string path)
      : fd_(std::move(fd)), path_(std::move(path)) {}

  StatusOr<size_t> Read(uint64_t offset, size_t size_bytes, char* buffer) const override {
    if (OverlappedReads* const reads = OverlappedReads::OfThisTask();
        reads != nullptr && size_bytes <= OverlappedReads::kReadBytesMax) {
      if (const std::optional<size_t> size = ReadOverlapped(*reads, offset, size_bytes, buffer)) {
        return *size;
      }
      reads->NoteRefused();
    }
    return ReadAll(fd_.get(), path_, offset, size_bytes, buffer);
  }
  StatusOr<uint64_t> Size() const override { return SizeOf(fd_.get(), path_); }

  void ExpectLookups() const override {
    static_cast<void>(::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_RANDOM));
  }
  void ReadAhead(uint64_t offset, uint64_t size_bytes) const override {
    static_cast<void>(::posix_fadvise(fd_.get(), static_cast<off_t>(offset),
                                      static_cast<off_t>(size_bytes), POSIX_FADV_WILLNEED));
  }

 private:
  std::optional<size_t> ReadOverlapped(OverlappedReads& reads, uint64_t offset, size_t size_bytes,
                                       char* buffer) const {
    // Not before it is needed: most files are never read so.
    std::call_once(reopened_, [this] {
      if (StatusOr<DirectFile> direct = DirectFile::Reopen(fd_.get()); direct.ok()) {
        direct_.emplace(*std::move(direct));
      }
    });
    return direct_.has_value() ? reads.Read(*direct_, offset, size_bytes, buffer) : std::nullopt;
  }

  const UniqueFd fd_;
  const std::string path_;
  mutable std::once_flag reopened_;
  mutable std::optional<DirectFile> direct_;  // set by reopened_
};

// The lock belongs to the open file description, so a second Lock() in this process conflicts too.
class PosixFileLock : public FileLock {
 public:
  explicit PosixFileLock(UniqueFd fd) : fd_(std::move(fd)) {}

 private:
  const UniqueFd fd_;
};

Status HeldByOther(int fd, const std::string& path) {
  std::array<char, 32> text{};
  const StatusOr<size_t> size = ReadAll(fd, path, 0, text.size(), text.data());
  const std::string_view content(text.data(), size.value_or(0));
  // The holder writes its id after it has the lock, so there is a moment without one.
  const std::string_view pid = content.substr(0, content.find('\n'));
  return WithReason(
      FailedPrecondition(fmt::format("lock {}: held by process {}", path,
                                     pid.empty() ? std::string_view("(not yet known)") : pid)),
      Reason::kLocked);
}

class PosixFileSystemImpl : public FileSystem {
 public:
  StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
      return ErrnoStatus("unlink", path, errno);
    }
    ASSIGN_OR_RETURN(UniqueFd fd, Open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL));
    return std::make_unique<PosixWritableFile>(std::move(fd), path, 0);
  }

  StatusOr<std::unique_ptr<WritableFile>> OpenAppend(const std::string& path) override {
    ASSIGN_OR_RETURN(UniqueFd fd, Open(path, O_WRONLY | O_APPEND));
    ASSIGN_OR_RETURN(const uint64_t size_bytes, SizeOf(fd.get(), path));
    return std::make_unique<PosixWritableFile>(std::move(fd), path, size_bytes);
  }

  StatusOr<std::unique_ptr<RandomAccessFile>> OpenRead(const std::string& path) override {
    ASSIGN_OR_RETURN(UniqueFd fd, Open(path, O_RDONLY));
    return std::make_unique<PosixRandomAccessFile>(std::move(fd), path);
  }

  Status Truncate(const std::string& path, uint64_t size_bytes) override {
    ASSIGN_OR_RETURN(UniqueFd fd, Open(path, O_WRONLY));
    ASSIGN_OR_RETURN(const uint64_t old_size_bytes, SizeOf(fd.get(), path));
    if (old_size_bytes < size_bytes) {
      return ErrnoStatus("ftruncate", path, EINVAL);
    }
    const auto size = static_cast<off_t>(size_bytes);
    RETURN_IF_ERROR(
        Checked(RetryOnEintr([&] { return ::ftruncate(fd.get(), size); }), "ftruncate", path));
    RETURN_IF_ERROR(SyncData(fd.get(), path));
    return Checked(fd.Close(), "close", path);
  }

  Status Link(const std::string& from, const std::string& to) override {
    return Checked(::link(from.c_str(), to.c_str()), "link", from, to);
  }

  Status Symlink(const std::string& target, const std::string& path) override {
    return Checked(::symlink(target.c_str(), path.c_str()), "symlink", path, target);
  }

  StatusOr<std::string> ReadLink(const std::string& path) override {
    std::array<char, PATH_MAX> target;
    const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
    if (size < 0) {
      return ErrnoStatus("readlink", path, errno);
    }
    return std::string(target.data(), static_cast<size_t>(size));
  }

  Status Rename(const std::string& from, const std::string& to) override {
    return Checked(::rename(from.c_str(), to.c_str()), "rename", from, to);
  }

  Status Exchange(const std::string& one, const std::string& other) override {
    return Checked(::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE),
                   "exchange", one, other);
  }

  Status RemoveFile(const std::string& path) override {
    return Checked(::unlink(path.c_str()), "unlink", path);
  }

  Status RemoveDir(const std::string& path) override {
    return Checked(::rmdir(path.c_str()), "rmdir", path);
  }

  Status MakeDir(const std::string& path) override {
    return Checked(::mkdir(path.c_str(), kDirMode), "mkdir", path);
  }

  StatusOr<std::vector<std::string>> List(const std::string& path) override {
    struct CloseDir {
      void operator()(DIR* dir) const { static_cast<void>(::closedir(dir)); }
    };
    const std::unique_ptr<DIR, CloseDir> dir(::opendir(path.c_str()));
    if (dir == nullptr) {
      return ErrnoStatus("opendir", path, errno);
    }
    std::vector<std::string> names;
    errno = 0;
    // Safe: each call has a DIR of its own. NOLINTNEXTLINE(concurrency-mt-unsafe)
    while (const dirent* entry = ::readdir(dir.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") {
        names.emplace_back(name);
      }
      errno = 0;
    }
    if (errno != 0) {
      return ErrnoStatus("readdir", path, errno);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  StatusOr<FileInfo> Stat(const std::string& path) override {
    struct stat info;
    RETURN_IF_ERROR(Checked(::lstat(path.c_str(), &info), "lstat", path));
    return FileInfo{.type = S_ISREG(info.st_mode)   ? FileType::kRegular
                            : S_ISDIR(info.st_mode) ? FileType::kDirectory
                            : S_ISLNK(info.st_mode) ? FileType::kSymlink
                                                    : FileType::kOther,
                    .size_bytes = static_cast<uint64_t>(info.st_size),
                    .inode = info.st_ino,
                    .links = info.st_nlink};
  }

  Status SyncDir(const std::string& path) override {
    ASSIGN_OR_RETURN(UniqueFd fd, Open(path, O_RDONLY | O_DIRECTORY));
    RETURN_IF_ERROR(Checked(RetryOnEintr([&] { return ::fsync(fd.get()); }), "fsync", path));
    return Checked(fd.Close(), "close", path);
  }

  StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
    ASSIGN_OR_RETURN(UniqueFd fd, Open(path, O_RDWR | O_CREAT));
    if (RetryOnEintr([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) != 0) {
      return errno == EWOULDBLOCK ? HeldByOther(fd.get(), path) : ErrnoStatus("flock", path, errno);
    }
    RETURN_IF_ERROR(Checked(::ftruncate(fd.get(), 0), "ftruncate", path));
    RETURN_IF_ERROR(WriteAll(fd.get(), path, fmt::format("{}\n", ::getpid())));
    return std::make_unique<PosixFileLock>(std::move(fd));
  }

  StatusOr<uint64_t> FreeBytes(const std::string& path) override {
    struct statvfs info;
    RETURN_IF_ERROR(Checked(::statvfs(path.c_str(), &info), "statvfs", path));
    return uint64_t{info.f_bavail} * info.f_frsize;
  }

  uint64_t DeviceReadsOfThisThread() const override {
    struct rusage usage = {};
    // Fails for wrong arguments only. Stays zero in a kernel without CONFIG_TASK_IO_ACCOUNTING.
    static_cast<void>(::getrusage(RUSAGE_THREAD, &usage));
    return static_cast<uint64_t>(usage.ru_inblock);
  }

  uint64_t PageCacheRoom() const override { return flatkv::PageCacheRoom(); }

  StatusOr<std::unique_ptr<OverlappedReads>> MakeOverlappedReads(size_t tasks_max) override {
    return OverlappedReads::Create(tasks_max);
  }
};

}  // namespace

FileSystem& PosixFileSystem() {
  // Never destroyed: threads that outlive main's statics may still use it.
  static FileSystem& file_system = *new PosixFileSystemImpl();
  return file_system;
}

}  // namespace flatkv
