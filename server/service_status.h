// What the service manager shows of a daemon that serves, and the warning in the log when snapshots
// fail: such a failure stops no commit, so nobody would notice. The metrics
// flatkv_snapshots_failed_total and flatkv_snapshot_last_failed (store_metrics.h) say the same.
//
// Thread safety: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "flatkv/base/logger.h"
#include "flatkv/store/store.h"

namespace flatkv::server {

class ServiceStatus {
 public:
  // Snapshots are looked at in one of so many calls of Refresh: it reads directories.
  static constexpr uint64_t kCallsPerSnapshotCheck = 10;

  // Both outlive the object.
  ServiceStatus(Store& store, Logger& logger) : store_(store), logger_(logger) {}

  // "serving, version 7", one line, if it differs from the last answer. `disk` is what DiskWatch
  // says. Call it about once a second.
  std::optional<std::string> Refresh(std::string_view disk = {});

 private:
  void CheckSnapshots();

  Store& store_;
  Logger& logger_;
  uint64_t calls_ = 0;
  uint64_t failed_snapshots_ = 0;
  std::string snapshot_error_;  // of the latest attempt; empty if that succeeded
  std::string text_;
};

}  // namespace flatkv::server
