// CPU time, user and system, of the calling thread and of all threads of this process.
#pragma once

#include <cstdint>
#include <ctime>

namespace flatkv {

inline int64_t CpuNanoseconds(clockid_t clock) {
  timespec time{};
  return clock_gettime(clock, &time) == 0 ? int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec : 0;
}
inline int64_t ThreadCpuNanoseconds() { return CpuNanoseconds(CLOCK_THREAD_CPUTIME_ID); }
inline int64_t ProcessCpuNanoseconds() { return CpuNanoseconds(CLOCK_PROCESS_CPUTIME_ID); }

}  // namespace flatkv
