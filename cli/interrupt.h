// Ctrl-C and SIGTERM for commands that finish their current step first. The second signal ends the
// process at once.
#pragma once

namespace flatkv::cli {

void CatchInterrupts();
bool Interrupted();

}  // namespace flatkv::cli
