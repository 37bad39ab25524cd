// Commits to a daemon over gRPC: a call for each block, or a stream that sends ahead.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "bench/commit_driver.h"

namespace flatkv::bench {

enum class Rpc { kUnary, kStream };

struct DaemonTarget {
  std::string address;  // "unix:PATH" or "HOST:PORT"
  Rpc rpc = Rpc::kUnary;
  size_t window = 8;         // kStream: blocks sent and not yet answered
  std::optional<pid_t> pid;  // of the daemon, for its usage
};

// Connects on the first call.
std::unique_ptr<CommitDriver> NewDaemonDriver(const DaemonTarget& target, OnCommitted on_committed);

}  // namespace flatkv::bench
