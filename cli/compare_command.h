// compare: the rows that differ between this store and a peer's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "cli/client.h"
#include "cli/state_session.h"
#include "flatkv/base/status.h"

namespace flatkv::cli {

struct CompareCommandOptions {
  ClientOptions peer;
  std::optional<Version> at;  // unset: the lower of the two heads
  uint64_t rows_max = 100;    // 0: all
};

// --peer as it was typed. Errors: kInvalidArgument.
StatusOr<std::string> PeerAddress(const std::string& text);

// A line for each differing row, then what was compared. Errors: kAlreadyExists (exit 13) when the
// states differ; kOutOfRange, with what both retain, for a version that one of them has not;
// kCancelled when `interrupted` says so.
Status RunCompare(const StateSession& session, const CompareCommandOptions& options,
                  const std::function<bool()>& interrupted);
// The same with any two stores.
Status RunCompareWith(const StateSession& session, StateReader& peer, const std::string& peer_name,
                      const CompareCommandOptions& options,
                      const std::function<bool()>& interrupted);

}  // namespace flatkv::cli
