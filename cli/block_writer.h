// Encodes one line of a change-log file, as ParseBlockLine (block_line.h) reads it.
#pragma once

#include <string>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/codec/change_set.h"

namespace flatkv::cli {

// Without a newline. Errors: kFailedPrecondition for a module name that JSON cannot hold (no
// UTF-8).
StatusOr<std::string> RenderBlockLine(Version version, const ChangeSets& changes);

}  // namespace flatkv::cli
