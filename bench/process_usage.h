// What this process has cost so far, from /proc/self.
#pragma once

#include <cstdint>

namespace flatkv::bench {

struct ProcessUsage {
  double cpu_seconds = 0;      // all threads, user and system
  uint64_t bytes_written = 0;  // handed to the block layer (write_bytes of /proc/self/io)
  uint64_t resident_bytes_peak = 0;
};

ProcessUsage ReadProcessUsage();

}  // namespace flatkv::bench
