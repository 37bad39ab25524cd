// Hands blocks to the run, so that making them costs the measured path as little as possible: all
// of them before it begins; or on a thread of its own, one block ahead, when a core is free for it;
// or between two blocks, while no clock runs. What making them takes of the CPU is known, and left
// out of the results.
//
// Thread safety: one thread calls Next; cpu_seconds may be asked after it has returned.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "bench/block_source.h"
#include "flatkv/base/mutex.h"

namespace flatkv::bench {

class BlockFeeder {
 public:
  // `source` outlives the feeder and belongs to it meanwhile.
  BlockFeeder(BlockSource& source, bool own_thread);
  // Joins the thread; a block that was made ahead is lost.
  ~BlockFeeder();
  BlockFeeder(const BlockFeeder&) = delete;
  BlockFeeder& operator=(const BlockFeeder&) = delete;

  // Makes the next `count` blocks, fewer when they end, and keeps them for Next; their memory goes
  // with the feeder. Errors: those of the source. REQUIRES: there is no thread.
  Status MakeAhead(uint64_t count);
  // Exchanges *block for the next one; false when there are no more. Errors: those of the source.
  StatusOr<bool> Next(Block* block);

  // CPU time that making blocks has taken so far.
  double cpu_seconds() const { return static_cast<double>(cpu_nanoseconds_) / 1e9; }

 private:
  StatusOr<bool> Make(Block* block);
  void Run();

  BlockSource& source_;
  std::vector<Block> made_ahead_;
  size_t handed_out_ = 0;  // of them
  std::atomic<int64_t> cpu_nanoseconds_ = 0;

  Mutex mu_;
  CondVar changed_;
  bool stopping_ GUARDED_BY(mu_) = false;
  bool ready_ GUARDED_BY(mu_) = false;  // `ahead_` and `made_` are the consumer's
  Block ahead_;
  StatusOr<bool> made_ = false;
  std::optional<std::thread> thread_;
};

// Whether a core is left for the generator beside `busy_threads`.
inline bool HasSpareCore(size_t busy_threads) {
  return std::thread::hardware_concurrency() > busy_threads;
}

}  // namespace flatkv::bench
