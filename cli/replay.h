// replay: commits the versions of a change-log file and shows their roots.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/store_access.h"
#include "flatkv/base/status.h"

namespace flatkv::cli {

struct ReplayOptions {
  std::string file;  // "-": standard input
  std::optional<Version> from;
  std::optional<Version> to;
  CommitStyle style = CommitStyle::kStream;
  std::optional<std::string> expect_roots;
  uint64_t every = 100;  // text: the versions whose roots are shown, beside the first and the last
  bool quiet = false;
};

// With `json` prints {"version":N,"root":"HEX"} for every version of the file, in order, those
// included that the store had already: a second run prints the same lines. Errors: kInvalidArgument
// for a bad line, after everything before it is committed; kFailedPrecondition with
// Reason::kVersionGap when the file starts above the head's successor; kAlreadyExists when the
// store holds other content, or a root is not the expected one; kUnavailable when the daemon went
// away; kCancelled after Ctrl-C.
Status RunReplay(StoreAccess& access, const ReplayOptions& options, bool json);

}  // namespace flatkv::cli
