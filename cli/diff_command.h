// diff: the keys whose values differ between two versions.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "cli/state_session.h"
#include "flatkv/base/status.h"

namespace flatkv::cli {

struct DiffCommandOptions {
  Version from = 0;
  Version to = 0;
  std::string module;  // empty: all
  bool values = false;
  uint64_t limit = 0;  // 0: all
};

// A line for each key, then the count. Errors: those of StateReader::Diff; kCancelled when
// `interrupted` says so.
Status RunDiff(const StateSession& session, const DiffCommandOptions& options,
               const std::function<bool()>& interrupted);

}  // namespace flatkv::cli
