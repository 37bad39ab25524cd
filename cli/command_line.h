// The command line of flatkv: what can be typed, and what runs for it.
#pragma once

namespace flatkv::cli {

// Parses, runs one command, prints its error if it fails. Returns the exit code
// (flatkv/base/exit_codes.h).
int RunCommandLine(int argc, const char* const* argv);

}  // namespace flatkv::cli
