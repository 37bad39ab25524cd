// compare: the rows that differ between this store and a peer's or an archive's, or between two
// archives.
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
  std::string archive;        // not empty: in place of the peer
  std::optional<Version> at;  // unset: the lower of the two heads
  uint64_t rows_max = 100;    // 0: all
};

// --peer as it was typed. Errors: kInvalidArgument.
StatusOr<std::string> PeerAddress(const std::string& text);

// What is compared. Borrowed.
struct CompareParties {
  StateSource& here;
  StateSource& there;
  std::string mode;        // "online", "offline" or "archive"
  std::string mode_line;   // the first line of the text
  std::string there_name;  // as messages call it: "the peer at ADDR"
  // What helps when the version is not on both sides, and when the states differ; may be empty.
  std::string hint;
  bool json = false;
};

// A line for each differing row, then what was compared. Errors: kAlreadyExists (exit 13) when the
// states differ; kOutOfRange, with what both retain, for a version that one of them has not;
// kCancelled when `interrupted` says so.
Status RunCompare(const StateSession& session, const CompareCommandOptions& options,
                  const std::function<bool()>& interrupted);
Status RunCompareWith(const CompareParties& parties, const CompareCommandOptions& options,
                      const std::function<bool()>& interrupted);
// Of the archives at two paths.
Status RunCompareArchives(const std::string& here, const std::string& there, bool json,
                          const CompareCommandOptions& options,
                          const std::function<bool()>& interrupted);

}  // namespace flatkv::cli
