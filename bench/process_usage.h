// What a process has cost so far, from getrusage and /proc.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace flatkv::bench {

struct ProcessUsage {
  double cpu_seconds = 0;      // all threads, user and system
  uint64_t bytes_written = 0;  // handed to the block layer (write_bytes of /proc/PID/io)
  uint64_t resident_bytes = 0;
  uint64_t resident_bytes_peak = 0;
};

// What cannot be read is 0.
ProcessUsage ReadProcessUsage();
// Of a process of the same user; CPU time has the clock ticks' resolution, usually 10 ms.
ProcessUsage ReadProcessUsage(pid_t pid);

}  // namespace flatkv::bench
