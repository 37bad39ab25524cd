// hashlog show and hashlog compare.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/client.h"
#include "cli/state_session.h"
#include "flatkv/base/status.h"

namespace flatkv::cli {

struct HashLogShowOptions {
  std::optional<Version> from;  // unset: the newest 20 of what `to` leaves
  std::optional<Version> to;    // unset: the newest
};
// Errors: kOutOfRange, naming what there is.
Status RunHashLogShow(const StateSession& session, const HashLogShowOptions& options);

struct HashLogCompareOptions {
  ClientOptions peer;
  // Compares every version: finds also a difference that later versions made good.
  bool all = false;
};
// The first version, within what both have, at which the roots differ, with the data DBs and
// modules that do. Errors: kAlreadyExists (exit 13) when there is one; kOutOfRange when the two
// logs have no version in common; kFailedPrecondition with Reason::kSuiteMismatch.
Status RunHashLogCompare(const StateSession& session, const HashLogCompareOptions& options);
// The same with any two stores.
Status RunHashLogCompareWith(const StateSession& session, StateReader& peer,
                             const std::string& peer_name, const HashLogCompareOptions& options);

}  // namespace flatkv::cli
