#include "server/process_metrics.h"

#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include "flatkv/fs/posix_file_system.h"
#include "server/metric_list.h"

namespace flatkv::server {
namespace {

// proc(5), statm: pages in all, resident pages, ...
std::optional<uint64_t> ResidentBytes() {
  const auto file = PosixFileSystem().OpenRead("/proc/self/statm");
  if (!file.ok()) {
    return std::nullopt;
  }
  std::array<char, 128> text{};
  const StatusOr<size_t> size_bytes = (*file)->Read(0, text.size(), text.data());
  const std::string_view line(text.data(), size_bytes.value_or(0));
  const size_t resident = line.find(' ');
  if (resident == std::string_view::npos) {
    return std::nullopt;
  }
  uint64_t pages = 0;
  const auto parsed = std::from_chars(line.data() + resident + 1, line.data() + line.size(), pages);
  if (parsed.ec != std::errc()) {
    return std::nullopt;
  }
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

double SecondsSince1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

ProcessMetrics::ProcessMetrics(FileSystem& fs, DiskWatchOptions disk, std::string build)
    : fs_(fs),
      disk_(std::move(disk)),
      build_(std::move(build)),
      start_seconds_(SecondsSince1970()) {}

std::vector<prometheus::MetricFamily> ProcessMetrics::Collect() const {
  MetricList list;
  list.Gauge("flatkv_build_info", "The version of the daemon.", 1, {{"version", build_}});
  list.Gauge("flatkv_process_start_timestamp_seconds",
             "When the daemon was started, in seconds since 1970.", start_seconds_);
  if (const std::optional<uint64_t> resident_bytes = ResidentBytes(); resident_bytes.has_value()) {
    list.Gauge("flatkv_process_resident_bytes", "Resident memory of the daemon.",
               static_cast<double>(*resident_bytes));
  }
  if (const StatusOr<uint64_t> free_bytes = fs_.FreeBytes(disk_.directory); free_bytes.ok()) {
    list.Gauge("flatkv_disk_free_bytes", "Free space on the file system of the store.",
               static_cast<double>(*free_bytes));
  }
  list.Gauge("flatkv_disk_warn_bytes",
             "[server] disk-warn-bytes: less free space is warned of; 0: never.",
             static_cast<double>(disk_.warn_bytes));
  return list.Take();
}

}  // namespace flatkv::server
