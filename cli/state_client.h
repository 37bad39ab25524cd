// A running daemon's StateReader, over its StateService: on the listeners of the nodes and on the
// admin listener alike.
//
// Calls that read whole states have no deadline; `go_on` of the call ends them, or Ctrl-C.
#pragma once

#include <memory>

#include "cli/client.h"
#include "flatkv/store/state_reader.h"

namespace flatkv::cli {

// Connects on the first call. Errors of its calls: as in store_access.h; kFailedPrecondition for a
// daemon that has no StateService.
std::unique_ptr<StateReader> NewStateClient(const ClientOptions& options);

}  // namespace flatkv::cli
