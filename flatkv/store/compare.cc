#include "flatkv/store/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace flatkv {
namespace {

// The physical keys of one module.
RowRange ModuleRange(DataDb db, const std::string& module) {
  static_assert('0' == '/' + 1);
  return {db, module + "/", module + "0"};
}

// A range that is known to differ.
struct Suspect {
  RowRange range;
  uint64_t here_rows = 0;
  uint64_t there_rows = 0;

  uint64_t rows() const { return std::max(here_rows, there_rows); }
};

class Comparison {
 public:
  Comparison(CompareSide& here, CompareSide& there, const CompareOptions& options,
             const CompareCallbacks& callbacks)
      : here_(here), there_(there), options_(options), callbacks_(callbacks) {}

  StatusOr<CompareReport> Run() {
    ASSIGN_OR_RETURN(report_.here, here_.State());
    ASSIGN_OR_RETURN(report_.there, there_.State());
    if (report_.here.version != report_.there.version) {
      return InvalidArgument(fmt::format("versions {} and {} cannot be compared",
                                         report_.here.version, report_.there.version));
    }
    report_.kind =
        report_.here.suite == report_.there.suite ? DigestKind::kLtHash : DigestKind::kSha256;
    for (const DataDb db : kAllDataDbs) {
      for (const std::string& module : ModulesOf(db)) {
        RETURN_IF_ERROR(CompareModule(db, module));
      }
    }
    return std::move(report_);
  }

 private:
  bool IsFull() const {
    return options_.rows_max != 0 && report_.differing_rows >= options_.rows_max;
  }

  std::set<std::string> ModulesOf(DataDb db) const {
    std::set<std::string> modules;
    for (const SideState* side : {&report_.here, &report_.there}) {
      for (const auto& [name, sums] : side->sums[IndexOf(db)].modules) {
        modules.insert(name);
      }
    }
    return modules;
  }

  static RowSums ModuleSums(const SideState& side, DataDb db, const std::string& module) {
    const auto& modules = side.sums[IndexOf(db)].modules;
    const auto it = modules.find(module);
    return it == modules.end() ? RowSums() : it->second;
  }

  Status CompareModule(DataDb db, const std::string& module) {
    const RowSums here = ModuleSums(report_.here, db, module);
    const RowSums there = ModuleSums(report_.there, db, module);
    if (report_.kind == DigestKind::kLtHash && here == there) {
      return OkStatus();
    }
    module_ = module;
    return Search({ModuleRange(db, module), here.rows, there.rows});
  }

  // Looks for the rows that differ in `suspect`, depth first, so that they come in key order.
  Status Search(const Suspect& suspect) {
    if (IsFull()) {
      report_.is_complete = false;
      return OkStatus();
    }
    if (callbacks_.on_progress != nullptr &&
        !callbacks_.on_progress(
            {suspect.range.db, module_, suspect.rows(), report_.differing_rows})) {
      return Cancelled("the comparison was cancelled");
    }
    if (suspect.rows() <= options_.rows_fetched) {
      return CompareRows(suspect);
    }
    ASSIGN_OR_RETURN(const std::vector<Suspect> parts, Cut(suspect));
    for (const Suspect& part : parts) {
      RETURN_IF_ERROR(Search(part));
    }
    return OkStatus();
  }

  // The pieces of `suspect` that differ. The side with more rows chooses the keys, so that its
  // pieces, and with them those of the other, surely get small.
  StatusOr<std::vector<Suspect>> Cut(const Suspect& suspect) {
    const bool here_cuts = suspect.here_rows >= suspect.there_rows;
    CompareSide& cutting = here_cuts ? here_ : there_;
    CompareSide& following = here_cuts ? there_ : here_;
    const uint64_t rows_each =
        std::max<uint64_t>(1, (suspect.rows() + options_.pieces - 1) / options_.pieces);
    ASSIGN_OR_RETURN(const SplitDigests split,
                     cutting.Split(suspect.range, report_.kind, rows_each));
    ASSIGN_OR_RETURN(const std::vector<RangeDigest> followed,
                     following.Digests(suspect.range, report_.kind, split.keys));
    if (split.digests.size() != split.keys.size() + 1 || followed.size() != split.digests.size()) {
      return Internal("a side of the comparison answered with another number of pieces");
    }
    ++report_.digest_steps;
    report_.rows_digested += suspect.rows();
    RETURN_IF_ERROR(CheckRows(suspect, split.digests, here_cuts));
    RETURN_IF_ERROR(CheckRows(suspect, followed, !here_cuts));
    std::vector<Suspect> parts;
    for (size_t i = 0; i < followed.size(); ++i) {
      if (split.digests[i].SameRows(followed[i])) {
        continue;
      }
      Suspect part;
      part.range.db = suspect.range.db;
      part.range.first = i == 0 ? suspect.range.first : split.keys[i - 1];
      part.range.last = i == split.keys.size() ? suspect.range.last : split.keys[i];
      part.here_rows = (here_cuts ? split.digests : followed)[i].rows;
      part.there_rows = (here_cuts ? followed : split.digests)[i].rows;
      parts.push_back(std::move(part));
    }
    if (parts.empty() && report_.kind == DigestKind::kLtHash) {
      return DataLoss(fmt::format(
          "data DB {}, module {}: the recorded hashes differ and the rows do not: flatkv verify "
          "--full on both stores says which one is damaged",
          NameOf(suspect.range.db), module_));
    }
    return parts;
  }

  // The pieces must have the rows that were counted a level above: it is one state throughout.
  Status CheckRows(const Suspect& suspect, const std::vector<RangeDigest>& pieces, bool is_here) {
    uint64_t rows = 0;
    for (const RangeDigest& piece : pieces) {
      rows += piece.rows;
    }
    const uint64_t counted = is_here ? suspect.here_rows : suspect.there_rows;
    return rows == counted
               ? OkStatus()
               : DataLoss(fmt::format("data DB {}, module {}: {} rows were counted {} and {} "
                                      "recorded: flatkv verify --full says what is damaged",
                                      NameOf(suspect.range.db), module_, rows,
                                      is_here ? "here" : "there", counted));
  }

  Status CompareRows(const Suspect& suspect) {
    std::vector<RowDigest> here;
    std::vector<RowDigest> there;
    if (suspect.here_rows != 0) {
      ASSIGN_OR_RETURN(here, here_.Rows(suspect.range));
    }
    if (suspect.there_rows != 0) {
      ASSIGN_OR_RETURN(there, there_.Rows(suspect.range));
    }
    std::vector<std::string> keys;
    auto h = here.begin();
    auto t = there.begin();
    while (h != here.end() || t != there.end()) {
      if (t == there.end() || (h != here.end() && h->key < t->key)) {
        keys.push_back((h++)->key);
      } else if (h == here.end() || t->key < h->key) {
        keys.push_back((t++)->key);
      } else {
        if (h->digest != t->digest) {
          keys.push_back(h->key);
        }
        ++h;
        ++t;
      }
    }
    return ReportRows(suspect.range.db, std::move(keys));
  }

  Status ReportRows(DataDb db, std::vector<std::string> keys) {
    if (options_.rows_max != 0 && keys.size() > options_.rows_max - report_.differing_rows) {
      keys.resize(options_.rows_max - report_.differing_rows);
      report_.is_complete = false;
    }
    if (keys.empty()) {
      return OkStatus();
    }
    ASSIGN_OR_RETURN(auto here, here_.Values(db, keys, options_.value_bytes_max));
    ASSIGN_OR_RETURN(auto there, there_.Values(db, keys, options_.value_bytes_max));
    if (here.size() != keys.size() || there.size() != keys.size()) {
      return Internal("a side of the comparison answered with another number of values");
    }
    for (size_t i = 0; i < keys.size(); ++i) {
      ++report_.differing_rows;
      RETURN_IF_ERROR(callbacks_.on_difference(
          {db, std::move(keys[i]), std::move(here[i]), std::move(there[i])}));
    }
    return OkStatus();
  }

  CompareSide& here_;
  CompareSide& there_;
  const CompareOptions options_;
  const CompareCallbacks& callbacks_;
  CompareReport report_;
  std::string module_;  // being compared
};

}  // namespace

StatusOr<CompareReport> CompareStates(CompareSide& here, CompareSide& there,
                                      const CompareOptions& options,
                                      const CompareCallbacks& callbacks) {
  return Comparison(here, there, options, callbacks).Run();
}

}  // namespace flatkv
