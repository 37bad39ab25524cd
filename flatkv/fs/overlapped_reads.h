// Many reads under way on one thread. Tasks run as fibers: one that reads a file gives way to the
// others until the device has answered, so code that knows of nothing but plain reads, LevelDB's
// lookups say, keeps a device busy without a thread for each read.
//
// Reads of a FileSystem's RandomAccessFile do so if the file system can; others block the thread
// and all of its tasks. A task must not hold a lock while it reads, nor rely on a thread_local
// variable to keep its value meanwhile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "flatkv/base/status.h"
#include "flatkv/fs/direct_file.h"

namespace flatkv {

// Thread safety: one thread at a time.
class OverlappedReads {
 public:
  // What a read may ask for.
  static constexpr size_t kReadBytesMax = size_t{24} << 10;

  // Errors: kResourceExhausted, or why the kernel has no such reads.
  static StatusOr<std::unique_ptr<OverlappedReads>> Create(size_t tasks_max);
  ~OverlappedReads();
  OverlappedReads(const OverlappedReads&) = delete;
  OverlappedReads& operator=(const OverlappedReads&) = delete;

  // Runs `task` `tasks` times, in turns; returns when all have returned. A task has 64 KiB of
  // stack, throws nothing and calls no Run. REQUIRES: tasks <= tasks_max.
  void Run(size_t tasks, const std::function<void()>& task);

  // What the calling code is a task of; null: nothing.
  static OverlappedReads* OfThisTask();
  // As pread: the number of bytes, less only at the end of the file. Tasks that read the same place
  // at the same time share one read. None when the kernel refuses
  // the read, or it fails: a plain read says why. REQUIRES: the calling code is a task of this;
  // size_bytes <= kReadBytesMax.
  std::optional<size_t> Read(const DirectFile& file, uint64_t offset, size_t size_bytes,
                             char* buffer);
  // For readers whose file cannot be read so, or whose Read gave none: they read plainly.
  void NoteRefused() { ++refused_; }
  // Since Create.
  uint64_t refused() const { return refused_; }
  uint64_t reads() const { return reads_; }

 private:
  class Tasks;
  explicit OverlappedReads(std::unique_ptr<Tasks> tasks);

  const std::unique_ptr<Tasks> tasks_;
  uint64_t refused_ = 0;
  uint64_t reads_ = 0;
};

}  // namespace flatkv
