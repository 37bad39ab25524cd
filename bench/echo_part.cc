#include "bench/echo_part.h"

#include "bench/clock.h"
#include "bench/commit_run.h"
#include "bench/echo_server.h"
#include "bench/recorder.h"
#include "flatkv/base/cpu_clock.h"

namespace flatkv::bench {
namespace {

// Requests that open the connection and let the messages grow.
constexpr uint64_t kWarmupBlocks = 2;

}  // namespace

StatusOr<EchoPart> MeasureEcho(const WorkOptions& work, const std::string& address, Rpc rpc,
                               size_t window) {
  ASSIGN_OR_RETURN(const std::unique_ptr<EchoServer> server, StartEchoServer(address));
  ASSIGN_OR_RETURN(const std::unique_ptr<BlockSource> source, CommitRun::OpenSource(work));
  std::optional<Recorder> recorder;
  const std::unique_ptr<CommitDriver> driver =
      NewDaemonDriver({.address = server->address(), .rpc = rpc, .window = window, .pid = {}},
                      [&](const CommittedBlock& block) {
                        if (recorder.has_value()) {
                          recorder->Add(block);
                        }
                      });
  Block block;
  const uint64_t skipped = source->preload_blocks() + work.length.warmup_blocks;
  const uint64_t measured_from = skipped + kWarmupBlocks;
  int64_t cpu = 0;
  for (uint64_t i = 0; i < skipped + work.length.blocks; ++i) {
    const int64_t making = ThreadCpuNanoseconds();
    ASSIGN_OR_RETURN(const bool more, source->Next(&block));
    if (!more) {
      break;
    }
    if (i < skipped) {
      continue;
    }
    if (i == measured_from) {
      RETURN_IF_ERROR(driver->Drain());
      recorder.emplace(Clock::now());
      cpu = -ProcessCpuNanoseconds();
    } else {
      cpu -= ThreadCpuNanoseconds() - making;
    }
    RETURN_IF_ERROR(driver->Commit(static_cast<Version>(i) + 1, block));
  }
  RETURN_IF_ERROR(driver->Drain());
  cpu += ProcessCpuNanoseconds();
  RETURN_IF_ERROR(driver->Close());
  if (!recorder.has_value()) {
    return InvalidArgument("the echo needs at least three blocks to measure");
  }
  EchoPart part;
  part.transport = address.starts_with("unix:") ? "unix" : "tcp";
  part.rpc = rpc;
  part.ms_per_block = recorder->busy_seconds() * 1e3 / static_cast<double>(recorder->blocks());
  part.cpu_us_per_update =
      static_cast<double>(cpu) / 1e3 / static_cast<double>(recorder->updates());
  return part;
}

nlohmann::json ToJson(const EchoPart& part) {
  return {{"transport", part.transport},
          {"rpc", part.rpc == Rpc::kUnary ? "unary" : "stream"},
          {"ms_per_block", part.ms_per_block},
          {"cpu_us_per_update", part.cpu_us_per_update}};
}

}  // namespace flatkv::bench
