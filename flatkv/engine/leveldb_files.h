// LevelDB's file objects over ours. Reads are positioned reads, never mmap: with a DB larger than
// memory, LevelDB's own mmap reads are ten times slower and more.
//
// Every object borrows the FileSystem and the IoMonitor, which outlive it, and notes its failures
// there. Once a write has failed anywhere in the DB, every further write fails with the same error
// and touches nothing.
#pragma once

#include <leveldb/env.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "flatkv/engine/io_monitor.h"
#include "flatkv/fs/file_system.h"

namespace flatkv {

// LevelDB's log, which is switched off: takes bytes and forgets them.
std::unique_ptr<leveldb::WritableFile> MakeDroppingFile();

struct BufferedFileOptions {
  // Start writing back after this many bytes; 0 leaves it to the kernel.
  uint64_t writeback_bytes = 0;
  // The first Sync makes the name durable too.
  bool sync_name = true;
  // If set, called before the first byte since the last Sync goes to the file system: even an
  // unsynced byte may become durable by itself. A failure is that of the write.
  std::function<Status()> before_write;
  // If set, called after each Sync with the number of bytes that are durable now.
  std::function<void(uint64_t)> after_sync;
};

// Takes over the newly created `file` at `path`. Bytes reach the file system at 64 KiB and at Sync,
// not at Flush: LevelDB flushes every block and never reads a file before it has synced it.
std::unique_ptr<leveldb::WritableFile> MakeBufferedFile(std::unique_ptr<WritableFile> file,
                                                        const std::string& path, FileSystem& fs,
                                                        IoMonitor& monitor,
                                                        BufferedFileOptions options);

std::unique_ptr<leveldb::SequentialFile> MakeSequentialFile(std::unique_ptr<RandomAccessFile> file,
                                                            IoMonitor& monitor);

// Reads `content`.
std::unique_ptr<leveldb::SequentialFile> MakeSequentialFile(std::string content);

// A table. Each read is of what it asks for, and of what follows if it is one of OrderedReads.
std::unique_ptr<leveldb::RandomAccessFile> MakeRandomAccessFile(
    std::unique_ptr<RandomAccessFile> file, IoMonitor& monitor);

}  // namespace flatkv
