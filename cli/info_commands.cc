#include "cli/info_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/build_info.h"
#include "cli/errors.h"
#include "cli/output.h"

namespace flatkv::cli {

Status RunVersion(bool json) {
  const BuildInfo info = CollectBuildInfo();
  if (json) {
    OrderedJson document;
    document["version"] = BuildVersion();
    for (const auto& [name, version] : info.parts) {
      document[name] = version;
    }
    document["hash_kernels"] = {{"sha256", info.sha256_kernels}, {"blake3", info.blake3_kernels}};
    PrintJsonLine(document);
    return OkStatus();
  }
  fmt::print("flatkv {}\n", BuildVersion());
  for (const auto& [name, version] : info.parts) {
    fmt::print("{:<9} {}\n", name, version);
  }
  fmt::print("kernels   sha256: {}; blake3: {} (fastest first)\n",
             fmt::join(info.sha256_kernels, ", "), fmt::join(info.blake3_kernels, ", "));
  return OkStatus();
}

Status RunHealth(const ClientOptions& options, bool json) {
  ASSIGN_OR_RETURN(const std::string state, CheckHealth(options));
  if (json) {
    PrintJsonLine({{"mode", "online"}, {"address", options.address}, {"status", state}});
  } else {
    fmt::print("online: daemon at {}\n{}\n", options.address, state);
  }
  if (state != "SERVING") {
    return WithHint(
        FailedPrecondition(fmt::format("the daemon at {} answers {}", options.address, state)),
        "flatkv status shows why");
  }
  return OkStatus();
}

}  // namespace flatkv::cli
