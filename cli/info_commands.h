// version and health.
#pragma once

#include "cli/client.h"
#include "flatkv/base/status.h"

namespace flatkv::cli {

Status RunVersion(bool json);

// Errors: kFailedPrecondition when the daemon answers that it does not serve.
Status RunHealth(const ClientOptions& options, bool json);

}  // namespace flatkv::cli
