// The file seam: every call of the store that can touch a disk goes through these interfaces,
// LevelDB's included.
//
// What is durable after a call, and nothing more:
//  (1) A file's bytes survive power loss only after Sync() of a handle to it returned OK.
//  (2) A name (created, renamed, linked, removed) survives only after SyncDir() of its directory
//  returned OK. (3) A failed Append, Sync or Close leaves the bytes since the last good Sync
//  undefined. Never retry it: the kernel
//      may have dropped the dirty pages and report success the second time. The owner poisons
//      itself and reopens.
//
// Paths are absolute or relative to the process; '/' separates. Errors are ErrnoStatus ("op path:
// cause"). Implementations: PosixFileSystem (real); in tests/support MemFileSystem (knows what is
// synced and can crash) and FaultFileSystem (fails or stops at the N-th call). EINTR and short
// transfers are handled inside.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/fs/overlapped_reads.h"

namespace flatkv {

// An append-only file. Append and Close: one thread at a time. Sync may run on another thread at
// the same time as Append; it covers the bytes of every Append that returned before Sync began.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  // Appends all of `data` with no buffering in this process.
  virtual Status Append(std::string_view data) = 0;
  // Makes the bytes durable (fdatasync). Says nothing about the name.
  virtual Status Sync() = 0;
  // Starts writing dirty bytes back without waiting and without any durability promise
  // (sync_file_range), so that a later Sync of this or another file finds less to do.
  virtual Status StartWriteback() = 0;
  // Must be called once; a destructor that finds the file open closes it and drops the error.
  virtual Status Close() = 0;
};

// Positioned reads; safe for concurrent use.
class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;
  // Reads up to `size_bytes` at `offset` into `buffer`; returns the number read, less only at the
  // end of the file.
  virtual StatusOr<size_t> Read(uint64_t offset, size_t size_bytes, char* buffer) const = 0;
  virtual StatusOr<uint64_t> Size() const = 0;

  // Hints; a file system may ignore them, and what fails in them is not told.
  // Reads will be of single places: read nothing around them.
  virtual void ExpectLookups() const {}
  // Starts reading `size_bytes` at `offset` into the page cache.
  virtual void ReadAhead([[maybe_unused]] uint64_t offset,
                         [[maybe_unused]] uint64_t size_bytes) const {}
};

// Held until destroyed; the operating system releases it when the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class FileType { kRegular, kDirectory, kSymlink, kOther };

struct FileInfo {
  FileType type = FileType::kOther;
  uint64_t size_bytes = 0;
  // Identifies the inode: equal for hard links of one file.
  uint64_t inode = 0;
  uint64_t links = 0;
};

// Safe for concurrent use.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // Creates a new, empty file. An existing name is removed first and the file made with O_EXCL:
  // always a fresh inode, never a truncation in place, so a hard link of the old file keeps its
  // bytes.
  virtual StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path) = 0;
  // Opens an existing file to append at its end. Errors: kNotFound.
  virtual StatusOr<std::unique_ptr<WritableFile>> OpenAppend(const std::string& path) = 0;
  virtual StatusOr<std::unique_ptr<RandomAccessFile>> OpenRead(const std::string& path) = 0;
  // Cuts the file to `size_bytes` and syncs its data. REQUIRES: it is not shorter.
  virtual Status Truncate(const std::string& path, uint64_t size_bytes) = 0;

  // Errors: kAlreadyExists; EXDEV across file systems as kUnknown.
  virtual Status Link(const std::string& from, const std::string& to) = 0;
  // Errors: kAlreadyExists.
  virtual Status Symlink(const std::string& target, const std::string& path) = 0;
  virtual StatusOr<std::string> ReadLink(const std::string& path) = 0;
  // Replaces `to` atomically if it exists.
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  // The two names change places atomically; both exist. Errors: kNotFound.
  virtual Status Exchange(const std::string& one, const std::string& other) = 0;
  virtual Status RemoveFile(const std::string& path) = 0;
  // Errors: not empty.
  virtual Status RemoveDir(const std::string& path) = 0;
  // Errors: kAlreadyExists.
  virtual Status MakeDir(const std::string& path) = 0;

  // The names in a directory without "." and "..", sorted.
  virtual StatusOr<std::vector<std::string>> List(const std::string& path) = 0;
  // Does not follow a symlink at the end of `path`. Errors: kNotFound.
  virtual StatusOr<FileInfo> Stat(const std::string& path) = 0;
  // Makes the names in directory `path` durable.
  virtual Status SyncDir(const std::string& path) = 0;
  // Takes an exclusive lock without waiting, creating the file if needed, and writes the process id
  // into it. Errors: kFailedPrecondition with Reason::kLocked, naming the holder's pid, if another
  // holder exists (also in this process).
  virtual StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) = 0;
  // Bytes that an unprivileged process may still write on the file system of `path`.
  virtual StatusOr<uint64_t> FreeBytes(const std::string& path) = 0;
  // Grows when the calling thread reads something that the device, not a cache in memory, must
  // give. Only differences on one thread mean anything.
  virtual uint64_t DeviceReadsOfThisThread() const = 0;
  // Bytes of files that memory has room for beside what programs use, as far as this process is
  // concerned; UINT64_MAX if nothing is known.
  virtual uint64_t PageCacheRoom() const = 0;
  // For tasks that read files of this file system, past the page cache. Errors: kUnimplemented, or
  // why the system refuses.
  virtual StatusOr<std::unique_ptr<OverlappedReads>> MakeOverlappedReads(size_t tasks_max) = 0;
};

}  // namespace flatkv
