// Finds the rows that differ between two states, by digests of ranges that get smaller: what is the
// same on both sides is read once on each and never sent. docs/architecture.md, "Comparing two
// stores", says how.
//
// Thread safety: one call at a time for each side.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "flatkv/base/status.h"
#include "flatkv/store/compare_side.h"

namespace flatkv {

struct CompareOptions {
  // Differing rows after which the comparison ends; 0: none.
  uint64_t rows_max = 100;
  // Of a value that differs, this much is fetched to be shown.
  uint64_t value_bytes_max = 96;
  // How a range is cut, and from how few rows on its rows are fetched: more pieces make fewer round
  // trips of more bytes.
  uint64_t pieces = 256;
  uint64_t rows_fetched = 256;
};

// A row that is not the same on both sides.
struct RowDifference {
  DataDb db = DataDb::kAccount;
  std::string key;                   // physical
  std::optional<StoredValue> here;   // nullopt: missing here
  std::optional<StoredValue> there;  // nullopt: missing there
};

struct CompareProgress {
  DataDb db = DataDb::kAccount;
  std::string module;
  uint64_t rows = 0;   // of the range that is being cut
  uint64_t found = 0;  // differing rows so far
};

struct CompareReport {
  SideState here;
  SideState there;
  // kSha256 when the suites differ: then every row is read, as the recorded sums say nothing.
  DigestKind kind = DigestKind::kLtHash;
  uint64_t differing_rows = 0;
  bool is_complete = true;     // false: ended at rows_max
  uint64_t digest_steps = 0;   // ranges that were cut into pieces
  uint64_t rows_digested = 0;  // by each side, about
};

struct CompareCallbacks {
  // In the order of data DB and key. An error ends the comparison.
  std::function<Status(const RowDifference&)> on_difference;
  // Before each step; false ends the comparison with kCancelled. May be unset.
  std::function<bool(const CompareProgress&)> on_progress;
};

// Both sides stand at the same version. Errors: kInvalidArgument if they do not; those of the
// sides; kDataLoss when the rows of a side do not have the digests that it gave.
StatusOr<CompareReport> CompareStates(CompareSide& here, CompareSide& there,
                                      const CompareOptions& options,
                                      const CompareCallbacks& callbacks);

}  // namespace flatkv
