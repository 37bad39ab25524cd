#include "cli/hash_log_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "cli/errors.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/row_text.h"
#include "cli/state_client.h"
#include "flatkv/base/hex.h"

namespace flatkv::cli {
namespace {

constexpr Version kShownVersions = 20;

std::string Hex(const Digest& digest) { return HexEncode(AsBytes(digest)); }

void Print(const VersionSums& sums) {
  fmt::print("version {:>10}  {}\n", sums.version, Hex(sums.root));
  if (!sums.has_sums) {
    fmt::print("  only the root is known: the version was replayed together with others\n");
    return;
  }
  for (const DataDb db : kAllDataDbs) {
    for (const auto& [name, module] : sums.dbs[IndexOf(db)].modules) {
      fmt::print("  {:<8} {:<12} {:>12} rows {:>15} bytes  {}\n", NameOf(db), name, module.rows,
                 module.bytes, Hex(module.checksum));
    }
  }
}

std::string RangeText(const VersionRanges& ranges) {
  return ranges.hash_log_first == 0
             ? std::string("nothing")
             : fmt::format("versions {} to {}", ranges.hash_log_first, ranges.hash_log_last);
}

StatusOr<VersionSums> SumsAt(StateReader& state, Version version) {
  VersionSums found;
  RETURN_IF_ERROR(state.ReadHashLog(version, version, [&](const VersionSums& sums) {
    found = sums;
    return OkStatus();
  }));
  return found;
}

// Finds the first version of a range at which two hash logs differ.
class FirstDifference {
 public:
  FirstDifference(StateReader& here, StateReader& there) : here_(here), there_(there) {}

  uint64_t compared() const { return compared_; }

  // By halving, which takes few versions: the two differ at `last`.
  StatusOr<Version> Search(Version first, Version last) {
    while (first < last) {
      const Version middle = first + (last - first) / 2;
      ASSIGN_OR_RETURN(const bool same, SameAt(middle));
      if (same) {
        first = middle + 1;
      } else {
        last = middle;
      }
    }
    return first;
  }

  // By comparing every version; 0: none differs.
  StatusOr<Version> Scan(Version first, Version last) {
    for (; first <= last; first += kChunk) {
      const Version end = std::min(last, first + kChunk - 1);
      ASSIGN_OR_RETURN(const std::vector<Digest> here, Roots(here_, first, end));
      ASSIGN_OR_RETURN(const std::vector<Digest> there, Roots(there_, first, end));
      compared_ += here.size();
      const auto [h, t] = std::mismatch(here.begin(), here.end(), there.begin(), there.end());
      if (h != here.end() || t != there.end()) {
        return first + (h - here.begin());
      }
      if (Interrupted()) {
        return Cancelled("interrupted");
      }
    }
    return Version{0};
  }

  StatusOr<bool> SameAt(Version version) {
    ++compared_;
    ASSIGN_OR_RETURN(const VersionSums here, SumsAt(here_, version));
    ASSIGN_OR_RETURN(const VersionSums there, SumsAt(there_, version));
    return here.root == there.root;
  }

 private:
  static constexpr Version kChunk = 4096;

  static StatusOr<std::vector<Digest>> Roots(StateReader& state, Version first, Version last) {
    std::vector<Digest> roots;
    RETURN_IF_ERROR(state.ReadHashLog(first, last, [&](const VersionSums& sums) {
      roots.push_back(sums.root);
      return OkStatus();
    }));
    return roots;
  }

  StateReader& here_;
  StateReader& there_;
  uint64_t compared_ = 0;
};

struct ModuleDifference {
  DataDb db = DataDb::kAccount;
  std::string module;
  RowSums here;
  RowSums there;
};

std::vector<ModuleDifference> DifferingModules(const StateSums& here, const StateSums& there) {
  std::vector<ModuleDifference> differing;
  for (const DataDb db : kAllDataDbs) {
    const auto& ours = here[IndexOf(db)].modules;
    const auto& theirs = there[IndexOf(db)].modules;
    std::set<std::string> names;
    for (const auto* modules : {&ours, &theirs}) {
      for (const auto& [name, sums] : *modules) {
        names.insert(name);
      }
    }
    for (const std::string& name : names) {
      const auto h = ours.find(name);
      const auto t = theirs.find(name);
      ModuleDifference difference{db, name, h == ours.end() ? RowSums() : h->second,
                                  t == theirs.end() ? RowSums() : t->second};
      if (difference.here != difference.there) {
        differing.push_back(std::move(difference));
      }
    }
  }
  return differing;
}

void PrintDifference(const StateSession& session, const std::string& peer, const VersionSums& here,
                     const VersionSums& there, Version common_first, uint64_t compared) {
  const bool known = here.has_sums && there.has_sums;
  const std::vector<ModuleDifference> modules = DifferingModules(here.dbs, there.dbs);
  if (session.json) {
    OrderedJson list = OrderedJson::array();
    for (const ModuleDifference& module : modules) {
      list.push_back({{"data_db", NameOf(module.db)},
                      {"module", module.module},
                      {"here", cli::ToJson(module.here)},
                      {"there", cli::ToJson(module.there)}});
    }
    PrintJsonLine({{"mode", session.access.mode()},
                   {"peer", peer},
                   {"same", false},
                   {"first_divergent", here.version},
                   {"is_oldest_compared", here.version == common_first},
                   {"root_here", Hex(here.root)},
                   {"root_there", Hex(there.root)},
                   {"modules", known ? std::move(list) : OrderedJson()},
                   {"versions_compared", compared}});
    return;
  }
  fmt::print("{}first divergent version  {}\n", ModeLine(session.access), here.version);
  if (here.version == common_first) {
    fmt::print("  the oldest that both have: they may have parted before\n");
  }
  fmt::print("root      {} here\n          {} there\n", Hex(here.root), Hex(there.root));
  if (!known) {
    fmt::print("only the roots of this version are known\n");
  }
  for (const ModuleDifference& module : modules) {
    fmt::print("data DB {}, module {}: {} rows and {} bytes here, {} and {} there\n",
               NameOf(module.db), module.module, module.here.rows, module.here.bytes,
               module.there.rows, module.there.bytes);
  }
  fmt::print("{} versions compared\n", compared);
}

}  // namespace

Status RunHashLogShow(const StateSession& session, const HashLogShowOptions& options) {
  CatchInterrupts();
  ASSIGN_OR_RETURN(const VersionRanges ranges, session.state.Ranges());
  const Version last = options.to.value_or(ranges.hash_log_last);
  const Version first =
      options.from.value_or(std::max(ranges.hash_log_first, last - kShownVersions + 1));
  if (!session.json) {
    fmt::print("{}hash log  {}\n", ModeLine(session.access), RangeText(ranges));
  }
  if (ranges.hash_log_first == 0 && !options.from.has_value() && !options.to.has_value()) {
    return OkStatus();
  }
  return session.state.ReadHashLog(first, last, [&](const VersionSums& sums) {
    if (session.json) {
      PrintJsonLine(ToJson(sums));
    } else {
      Print(sums);
    }
    return Interrupted() ? Cancelled("interrupted") : OkStatus();
  });
}

Status RunHashLogCompareWith(const StateSession& session, StateReader& peer,
                             const std::string& peer_name, const HashLogCompareOptions& options) {
  ASSIGN_OR_RETURN(const VersionRanges here, session.state.Ranges());
  ASSIGN_OR_RETURN(const VersionRanges there, peer.Ranges());
  if (here.suite != there.suite) {
    return WithHint(
        WithReason(FailedPrecondition(fmt::format(
                       "this store has suite {} and the peer {}: their roots always differ",
                       SuiteName(here.suite), SuiteName(there.suite))),
                   Reason::kSuiteMismatch),
        "flatkv compare --peer ADDR compares the rows themselves");
  }
  const Version first = std::max(here.hash_log_first, there.hash_log_first);
  const Version last = std::min(here.hash_log_last, there.hash_log_last);
  if (here.hash_log_first == 0 || there.hash_log_first == 0 || first > last) {
    return WithReason(
        OutOfRange(fmt::format("the two hash logs have no version in common: this store has {}, "
                               "the peer at {} {}",
                               RangeText(here), peer_name, RangeText(there))),
        Reason::kVersionUnreachable);
  }
  FirstDifference finder(session.state, peer);
  Version found = 0;
  ASSIGN_OR_RETURN(const bool same_at_last, finder.SameAt(last));
  if (options.all) {
    ASSIGN_OR_RETURN(found, finder.Scan(first, last));
  } else if (!same_at_last) {
    ASSIGN_OR_RETURN(found, finder.Search(first, last));
  }
  if (found == 0) {
    if (session.json) {
      PrintJsonLine({{"mode", session.access.mode()},
                     {"peer", peer_name},
                     {"same", true},
                     {"first", first},
                     {"last", last},
                     {"versions_compared", finder.compared()}});
    } else {
      fmt::print(
          "{}the same at version {}, the newest that both have ({} to {} are in both hash "
          "logs; {} compared)\n",
          ModeLine(session.access), last, first, last, finder.compared());
    }
    return OkStatus();
  }
  ASSIGN_OR_RETURN(const VersionSums ours, SumsAt(session.state, found));
  ASSIGN_OR_RETURN(const VersionSums theirs, SumsAt(peer, found));
  PrintDifference(session, peer_name, ours, theirs, first, finder.compared());
  return WithHint(AlreadyExists(fmt::format("the two stores differ from version {} on", found)),
                  fmt::format("flatkv compare --peer {} --at {} names the rows, if both retain it",
                              peer_name, found));
}

Status RunHashLogCompare(const StateSession& session, const HashLogCompareOptions& options) {
  CatchInterrupts();
  const std::unique_ptr<StateReader> peer = NewStateClient(options.peer);
  return RunHashLogCompareWith(session, *peer, options.peer.address, options);
}

}  // namespace flatkv::cli
