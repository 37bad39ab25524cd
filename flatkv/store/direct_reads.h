// Whether rows that only a data DB has are read past the page cache, and the tasks that do it.
// docs/decisions/0023 has the figures.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "flatkv/base/logger.h"
#include "flatkv/base/mutex.h"
#include "flatkv/base/status.h"
#include "flatkv/base/thread_pool.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/store/store_options.h"

namespace flatkv {

// The page cache is worth its memory while it can hold most of the tables. A read that the device
// has to answer costs twice as much through it as past it; one that it answers itself is taken to
// cost four fifths (an estimate): even when it answers four in five. Whether tables of so many
// bytes are too large for that.
constexpr bool TooLargeForPageCache(uint64_t table_bytes, uint64_t room_bytes) {
  return table_bytes / 5 > room_bytes / 4;
}

// Thread safety: safe for concurrent use.
class DirectReads {
 public:
  // `threads`: how many will compute; see ParallelFor. Everything passed by reference outlives the
  // object.
  DirectReads(FileSystem& fs, Logger& logger, DirectReadsChoice choice, size_t threads);

  // Whether the next rows are to be read so. `table_bytes` is asked now and then.
  bool Wanted(const std::function<uint64_t()>& table_bytes) EXCLUDES(mu_);
  // What Wanted said last, unless the system refuses such reads.
  bool in_use() const { return in_use_; }

  // Calls part(0) ... part(count - 1), each exactly once, as tasks of the threads of `compute`;
  // returns when all are done. Where the system refuses such reads, they are plain ones.
  void ParallelFor(ThreadPool& compute, size_t count, const std::function<void(size_t)>& part)
      EXCLUDES(mu_);

 private:
  using Clock = std::chrono::steady_clock;

  // Null when the system refuses.
  std::unique_ptr<OverlappedReads> Take() EXCLUDES(mu_);
  void GiveBack(std::unique_ptr<OverlappedReads> reads) EXCLUDES(mu_);
  // Ends such reads for the life of this object.
  void Refuse(std::string_view why);

  FileSystem& fs_;
  Logger& logger_;
  const DirectReadsChoice choice_;
  const size_t threads_;
  const size_t tasks_per_thread_;
  std::atomic<bool> in_use_ = false;
  std::atomic<bool> refused_ = false;
  Mutex mu_;
  Clock::time_point next_look_ GUARDED_BY(mu_);
  std::vector<std::unique_ptr<OverlappedReads>> free_ GUARDED_BY(mu_);
};

}  // namespace flatkv
