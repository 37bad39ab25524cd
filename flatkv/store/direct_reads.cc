#include "flatkv/store/direct_reads.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace flatkv {
namespace {

// Reads under way at a time. A disk for servers answers more of them a second up to about that.
constexpr size_t kReadsUnderWay = 256;
constexpr size_t kTasksPerThreadMin = 16;

// Between two looks at memory and tables: both change slowly.
constexpr std::chrono::seconds kLookEvery{10};

uint64_t MiB(uint64_t bytes) { return bytes >> 20; }

}  // namespace

DirectReads::DirectReads(FileSystem& fs, Logger& logger, DirectReadsChoice choice, size_t threads)
    : fs_(fs),
      logger_(logger),
      choice_(choice),
      threads_(threads),
      tasks_per_thread_(std::max(kTasksPerThreadMin, kReadsUnderWay / threads)) {}

bool DirectReads::Wanted(const std::function<uint64_t()>& table_bytes) {
  if (choice_ == DirectReadsChoice::kNever || refused_) {
    return false;
  }
  if (choice_ == DirectReadsChoice::kAlways) {
    in_use_ = true;
    return true;
  }
  MutexLock lock(mu_);
  const Clock::time_point now = Clock::now();
  if (now < next_look_) {
    return in_use_;
  }
  next_look_ = now + kLookEvery;
  const uint64_t tables = table_bytes();
  const uint64_t room = fs_.PageCacheRoom();
  const bool wanted = TooLargeForPageCache(tables, room);
  if (wanted != in_use_.exchange(wanted)) {
    logger_.Log(LogLevel::kInfo, "reads.direct",
                fmt::format("rows are read {} the page cache from now on: the tables of the data "
                            "DBs take {} MiB, memory has room for {} MiB of files",
                            wanted ? "past" : "through", MiB(tables), MiB(room)));
  }
  return wanted;
}

void DirectReads::ParallelFor(ThreadPool& compute, size_t count,
                              const std::function<void(size_t)>& part) {
  std::atomic<size_t> next = 0;
  const auto take_parts = [&] {
    for (size_t i = next++; i < count; i = next++) {
      part(i);
    }
  };
  const size_t threads = std::min({threads_, compute.threads(), count});
  const size_t tasks = std::min(tasks_per_thread_, (count + threads - 1) / threads);
  compute.ParallelFor(threads, [&](size_t) {
    std::unique_ptr<OverlappedReads> reads = Take();
    if (reads == nullptr) {
      take_parts();
      return;
    }
    const uint64_t before = reads->reads();
    const uint64_t refused_before = reads->refused();
    reads->Run(tasks, take_parts);
    if (reads->reads() == before && reads->refused() != refused_before) {
      Refuse("the file system or the kernel has none");
    }
    GiveBack(std::move(reads));
  });
}

std::unique_ptr<OverlappedReads> DirectReads::Take() {
  {
    MutexLock lock(mu_);
    if (!free_.empty()) {
      std::unique_ptr<OverlappedReads> reads = std::move(free_.back());
      free_.pop_back();
      return reads;
    }
  }
  StatusOr<std::unique_ptr<OverlappedReads>> made = fs_.MakeOverlappedReads(tasks_per_thread_);
  if (!made.ok()) {
    Refuse(made.status().ToString());
    return nullptr;
  }
  return *std::move(made);
}

void DirectReads::GiveBack(std::unique_ptr<OverlappedReads> reads) {
  MutexLock lock(mu_);
  free_.push_back(std::move(reads));
}

void DirectReads::Refuse(std::string_view why) {
  in_use_ = false;
  if (!refused_.exchange(true)) {
    logger_.Log(
        LogLevel::kWarning, "reads.direct",
        fmt::format("rows are read through the page cache: reads past it are refused: {}", why));
  }
}

}  // namespace flatkv
