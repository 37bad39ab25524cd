// What concerns the process and the machine rather than the store: build, memory, start, disk.
//
// Thread safety: Collect may be called from any thread.
#pragma once

#include <prometheus/collectable.h>

#include <cstdint>
#include <string>
#include <vector>

#include "flatkv/fs/file_system.h"
#include "server/disk_watch.h"

namespace flatkv::server {

class ProcessMetrics final : public prometheus::Collectable {
 public:
  // `fs` outlives the object; `build` is the program's version. The process counts as started now.
  ProcessMetrics(FileSystem& fs, DiskWatchOptions disk, std::string build);

  // What the system does not tell is left out.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  FileSystem& fs_;
  const DiskWatchOptions disk_;
  const std::string build_;
  const double start_seconds_;
};

}  // namespace flatkv::server
