#include "flatkv/store/walk_side.h"

#include <fmt/format.h>

#include "flatkv/base/sha256.h"
#include "flatkv/store/range_hasher.h"

namespace flatkv {
namespace {

Status LimitExceeded(std::string_view message) {
  return WithReason(InvalidArgument(message), Reason::kLimitExceeded);
}

Status CheckKeys(const RowRange& range, std::span<const std::string> keys) {
  if (keys.size() >= CompareSide::kPiecesMax) {
    return LimitExceeded(fmt::format("{} pieces in one call, at most {} are allowed",
                                     keys.size() + 1, CompareSide::kPiecesMax));
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] < (i == 0 ? range.first : keys[i - 1]) ||
        (!range.last.empty() && keys[i] > range.last)) {
      return InvalidArgument("the keys that cut a range do not ascend inside it");
    }
  }
  return OkStatus();
}

}  // namespace

Status WalkSide::CheckKeyCount(size_t keys) {
  return keys <= kRowsMax ? OkStatus()
                          : LimitExceeded(fmt::format("{} keys in one call, at most {} are allowed",
                                                      keys, kRowsMax));
}

StatusOr<SplitDigests> WalkSide::Split(const RowRange& range, DigestKind kind, uint64_t rows_each) {
  if (rows_each == 0) {
    return InvalidArgument("a piece has at least one row");
  }
  SplitDigests split;
  RangeHasher hasher(hasher_, kind, threads_);
  uint64_t rows = 0;
  RETURN_IF_ERROR(Walk(range, [&](std::string_view key, std::string_view value) -> Status {
    if (rows == rows_each) {
      if (split.keys.size() + 1 == kPiecesMax) {
        return LimitExceeded(
            fmt::format("the range has more than {} pieces of {} rows", kPiecesMax, rows_each));
      }
      hasher.EndPiece();
      split.keys.emplace_back(key);
      rows = 0;
    }
    ++rows;
    hasher.Add(key, value);
    return OkStatus();
  }));
  hasher.EndPiece();
  split.digests = hasher.Finish();
  return split;
}

StatusOr<std::vector<RangeDigest>> WalkSide::Digests(const RowRange& range, DigestKind kind,
                                                     std::span<const std::string> keys) {
  RETURN_IF_ERROR(CheckKeys(range, keys));
  RangeHasher hasher(hasher_, kind, threads_);
  size_t next = 0;
  RETURN_IF_ERROR(Walk(range, [&](std::string_view key, std::string_view value) {
    for (; next < keys.size() && keys[next] <= key; ++next) {
      hasher.EndPiece();
    }
    hasher.Add(key, value);
    return OkStatus();
  }));
  for (; next <= keys.size(); ++next) {
    hasher.EndPiece();
  }
  return hasher.Finish();
}

StatusOr<std::vector<RowDigest>> WalkSide::Rows(const RowRange& range) {
  std::vector<RowDigest> rows;
  RETURN_IF_ERROR(Walk(range, [&](std::string_view key, std::string_view value) -> Status {
    if (rows.size() == kRowsMax) {
      return LimitExceeded(fmt::format("the range has more than {} rows", kRowsMax));
    }
    rows.push_back({std::string(key), Sha256(value)});
    return OkStatus();
  }));
  return rows;
}

}  // namespace flatkv
