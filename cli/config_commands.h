// config check, config init, config show.
#pragma once

#include <optional>
#include <string>

#include "flatkv/base/status.h"

namespace flatkv::cli {

inline constexpr char kConfigFileName[] = "flatkv.toml";

// Reads the file as the daemon would, environment included. Errors: kInvalidArgument lists every
// problem.
Status RunConfigCheck(const std::string& file, bool json);

// Writes the documented defaults; "-" is standard output. Errors: kInvalidArgument when the file
// exists.
Status RunConfigInit(const std::string& output, bool json);

// The effective values with their sources. Unset: defaults and environment only.
Status RunConfigShow(const std::optional<std::string>& file, bool json);

}  // namespace flatkv::cli
