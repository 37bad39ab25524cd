#include "bench/process_usage.h"

#include <sys/resource.h>

#include <fstream>
#include <string>

namespace flatkv::bench {

ProcessUsage ReadProcessUsage() {
  ProcessUsage usage;
  rusage self{};
  if (getrusage(RUSAGE_SELF, &self) == 0) {
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    usage.cpu_seconds = seconds(self.ru_utime) + seconds(self.ru_stime);
    usage.resident_bytes_peak = static_cast<uint64_t>(self.ru_maxrss) * 1024;
  }
  std::ifstream io("/proc/self/io");
  std::string name;
  uint64_t value = 0;
  while (io >> name >> value) {
    if (name == "write_bytes:") {
      usage.bytes_written = value;
    }
  }
  return usage;
}

}  // namespace flatkv::bench
