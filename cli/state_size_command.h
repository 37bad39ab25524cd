// state-size: how much of the state each data DB, module and EVM contract takes.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "cli/state_session.h"
#include "flatkv/base/status.h"

namespace flatkv::cli {

struct StateSizeCommandOptions {
  std::optional<Version> at;  // unset: the head
  // By contract, of which this many are shown; 0: by module.
  size_t top_contracts = 0;
};

// Errors: those of StateReader::Sizes; kCancelled when `interrupted` says so.
Status RunStateSize(const StateSession& session, const StateSizeCommandOptions& options,
                    const std::function<bool()>& interrupted);

}  // namespace flatkv::cli
