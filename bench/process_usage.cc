#include "bench/process_usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace flatkv::bench {
namespace {

// The number behind `name` in a file of lines "name number ..."; 0 if there is none.
uint64_t NumberBehind(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (line.compare(0, name.size(), name) == 0) {
      return std::strtoull(line.c_str() + name.size(), nullptr, 10);
    }
  }
  return 0;
}

ProcessUsage ReadFiles(const std::string& directory) {
  ProcessUsage usage;
  usage.bytes_written = NumberBehind(directory + "/io", "write_bytes:");
  usage.resident_bytes = NumberBehind(directory + "/status", "VmRSS:") * 1024;
  usage.resident_bytes_peak = NumberBehind(directory + "/status", "VmHWM:") * 1024;
  return usage;
}

// Fields 14 and 15 of /proc/PID/stat; the second field, the program in brackets, may hold spaces.
double CpuSeconds(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  const size_t program_end = line.rfind(')');
  if (program_end == std::string::npos) {
    return 0;
  }
  const char* rest = line.c_str() + program_end + 1;
  uint64_t user = 0;
  uint64_t system = 0;
  if (std::sscanf(rest, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) !=
      2) {
    return 0;
  }
  return static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

ProcessUsage ReadProcessUsage() {
  ProcessUsage usage = ReadFiles("/proc/self");
  rusage self{};
  if (getrusage(RUSAGE_SELF, &self) == 0) {
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    usage.cpu_seconds = seconds(self.ru_utime) + seconds(self.ru_stime);
  }
  return usage;
}

ProcessUsage ReadProcessUsage(pid_t pid) {
  const std::string directory = "/proc/" + std::to_string(pid);
  ProcessUsage usage = ReadFiles(directory);
  usage.cpu_seconds = CpuSeconds(directory + "/stat");
  return usage;
}

}  // namespace flatkv::bench
