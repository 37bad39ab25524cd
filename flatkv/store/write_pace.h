// How long the write-behind pauses after a batch, so that compactions keep up.
//
// Commits whose old rows are in memory are faster than a thread that compacts, and LevelDB stops
// all writes of a DB at 12 tables on level 0 until a compaction has taken them: under lasting load
// one commit then waits for seconds. So from 8 tables on every batch is followed by a pause that
// grows with the work that the batch was, and with each table more: commits wait a little each, and
// compactions get what processor time that leaves.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace flatkv {

// Below it nothing pauses: flushes that come during a compaction bring as many now and then.
inline constexpr uint64_t kPacedLevel0Tables = 8;
// Rows of a batch while there are pauses: fewer make shorter ones.
inline constexpr size_t kPacedBatchRowsMax = 10'000;

// `work` is the processor time of the write, not its duration: what a write waited for is no reason
// to wait longer. `memtable_bytes` become a table: the smaller they are the sooner there is one
// more, while the compaction that is waited for takes as long. REQUIRES: memtable_bytes > 0.
inline std::chrono::nanoseconds PauseAfterWrite(uint64_t level0_tables, uint64_t memtable_bytes,
                                                std::chrono::nanoseconds work) {
  // For 8 to 11 tables; with 12 LevelDB stops. With the memtables below the first two let some ten
  // seconds go by on the machine of docs/measurements.md, as long as most compactions take, and the
  // last two a minute: where tables of several GB are behind, compactions of lower levels come
  // before the one that is waited for.
  constexpr std::array<double, 4> kTimes = {2, 4, 16, 64};
  constexpr double kUsualMemtableBytes = 64 << 20;
  if (level0_tables < kPacedLevel0Tables) {
    return std::chrono::nanoseconds(0);
  }
  const double times = kTimes[std::min(level0_tables - kPacedLevel0Tables, kTimes.size() - 1)] *
                       kUsualMemtableBytes / static_cast<double>(memtable_bytes);
  return std::chrono::duration_cast<std::chrono::nanoseconds>(work * times);
}

}  // namespace flatkv
