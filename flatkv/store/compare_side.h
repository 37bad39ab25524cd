// One of the two states that a comparison looks at: the state of a store at one version. Another
// process may have it, so every call is a round trip, and what it answers is small.
//
// Thread safety: one call at a time. Errors: kCancelled when the caller stopped it; kAborted with
// Reason::kRolledBack when the version is gone; kDataLoss; those of the way to the other process.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/store/range_digest.h"
#include "flatkv/store/state_sums.h"

namespace flatkv {

// Asked now and then in a long call; false ends it with kCancelled.
using GoOn = std::function<bool()>;

struct SideState {
  Version version = 0;
  Digest root{};
  Suite suite = Suite::kSha256;
  std::string store_id;
  StateSums sums;
};

// Pieces of a range: piece i ends where keys[i] begins the next one.
struct SplitDigests {
  std::vector<std::string> keys;  // physical, ascending; one less than the digests
  std::vector<RangeDigest> digests;
};

struct RowDigest {
  std::string key;  // physical
  Digest digest{};  // SHA-256 of the stored value
};

struct StoredValue {
  uint64_t size_bytes = 0;
  std::string begin;  // of the stored value, at most as much as was asked for
};

// What has gone to a side and come from it.
struct SideTraffic {
  uint64_t round_trips = 0;
  uint64_t sent_bytes = 0;
  uint64_t received_bytes = 0;
};

class CompareSide {
 public:
  // Most that one call may ask for; more is kInvalidArgument with Reason::kLimitExceeded.
  static constexpr size_t kPiecesMax = 4'096;
  static constexpr size_t kRowsMax = 10'000;

  virtual ~CompareSide() = default;

  virtual StatusOr<SideState> State() = 0;
  // Cuts the range into pieces of `rows_each` rows, the last one smaller, and digests them.
  virtual StatusOr<SplitDigests> Split(const RowRange& range, DigestKind kind,
                                       uint64_t rows_each) = 0;
  // The digests of the pieces that `keys` cut the range into: keys.size() + 1. The keys ascend and
  // stand inside the range.
  virtual StatusOr<std::vector<RangeDigest>> Digests(const RowRange& range, DigestKind kind,
                                                     std::span<const std::string> keys) = 0;
  // The rows of a small range.
  virtual StatusOr<std::vector<RowDigest>> Rows(const RowRange& range) = 0;
  // The stored value of each key, as far as `bytes_max`; nullopt: there is no such row.
  virtual StatusOr<std::vector<std::optional<StoredValue>>> Values(
      DataDb db, std::span<const std::string> keys, uint64_t bytes_max) = 0;
  // Nothing for a side in this process.
  virtual SideTraffic traffic() const { return {}; }
};

}  // namespace flatkv
