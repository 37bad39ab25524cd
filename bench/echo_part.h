// gRPC alone: the requests of a run to a server in this process that only parses and answers.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "bench/commit_bench.h"
#include "bench/daemon_driver.h"
#include "flatkv/base/status.h"

namespace flatkv::bench {

struct EchoPart {
  std::string transport;  // "unix" or "tcp"
  Rpc rpc = Rpc::kUnary;
  double ms_per_block = 0;       // wall time, mean; of a stream, its share of the whole
  double cpu_us_per_update = 0;  // client and server
};

// `address` as for StartEchoServer.
StatusOr<EchoPart> MeasureEcho(const WorkOptions& work, const std::string& address, Rpc rpc,
                               size_t window);

nlohmann::json ToJson(const EchoPart& part);

}  // namespace flatkv::bench
