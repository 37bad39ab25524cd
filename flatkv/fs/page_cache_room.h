// How much of files memory has room for.
#pragma once

#include <cstdint>
#include <string>

namespace flatkv {

// Bytes that are free or hold pages of files which can be dropped: of the machine (MemAvailable,
// proc(5)), and of each memory-limited control group that the process is in, version 1 or 2 (the
// kernel's Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst); the least of them.
// UINT64_MAX if nothing is known. Paths other than the defaults are for tests.
uint64_t PageCacheRoom(const std::string& proc = "/proc",
                       const std::string& cgroup = "/sys/fs/cgroup");

}  // namespace flatkv
