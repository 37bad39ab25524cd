#include "server/service_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace flatkv::server {

std::optional<std::string> ServiceStatus::Refresh(std::string_view disk) {
  if (calls_++ % kCallsPerSnapshotCheck == 0) {
    CheckSnapshots();
  }
  std::string text = fmt::format("serving, version {}", store_.CommittedRoot().version);
  if (!snapshot_error_.empty()) {
    text += fmt::format("; the last snapshot failed: {}", snapshot_error_);
  }
  if (!disk.empty()) {
    text += fmt::format("; the disk is nearly full: {}", disk);
  }
  std::replace(text.begin(), text.end(), '\n', ' ');  // a line is a variable of sd_notify
  if (text == text_) {
    return std::nullopt;
  }
  text_ = text;
  return text;
}

void ServiceStatus::CheckSnapshots() {
  const RetentionInfo info = store_.admin().Retention();
  if (info.activity.failed > failed_snapshots_) {
    logger_.Log(
        LogLevel::kWarning, "daemon.snapshot_failed",
        fmt::format("{} snapshots failed since the start, the last with: {}; the store still "
                    "starts from snapshot {}, and the changelog grows",
                    info.activity.failed, info.activity.last_error, info.current));
  }
  failed_snapshots_ = info.activity.failed;
  snapshot_error_ = info.activity.last_error;
}

}  // namespace flatkv::server
