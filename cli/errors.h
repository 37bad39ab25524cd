// How a failed command tells the shell and the operator: exit code, message, and the command that
// helps.
#pragma once

#include <string>
#include <string_view>

#include "flatkv/base/exit_codes.h"
#include "flatkv/base/status.h"

namespace flatkv::cli {

// Adds the command (or the step) that helps from here; shown below the message, and as "hint" in
// JSON.
Status WithHint(Status status, std::string_view hint);
// What WithHint added, or else the command that helps with the status's reason; empty if neither.
std::string HintOf(const Status& status);

// ExitCodeOf with what only a client sees: content or a root that differs is kExitRootMismatch, a
// call that took too long kExitDaemonUnreachable, a version gap kExitNotFound, an interruption
// kExitInterrupted.
ExitCode CommandExitCode(const Status& status);

// "flatkv: MESSAGE\n  HINT\n", or with `json` one line
// {"error":{"code":"FAILED_PRECONDITION","reason":"VERSION_GAP","expected_version":7,"message":"...","exit_code":4}}
// where reason, expected_version and hint are left out when there are none.
std::string RenderError(const Status& status, bool json);

}  // namespace flatkv::cli
