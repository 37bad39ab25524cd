// A side of a comparison whose rows are in this process's reach: the digests come from a walk.
//
// Thread safety: as CompareSide.
#pragma once

#include <functional>
#include <string_view>

#include "flatkv/lthash/row_hasher.h"
#include "flatkv/store/compare_side.h"

namespace flatkv {

class WalkSide : public CompareSide {
 public:
  StatusOr<SplitDigests> Split(const RowRange& range, DigestKind kind, uint64_t rows_each) final;
  StatusOr<std::vector<RangeDigest>> Digests(const RowRange& range, DigestKind kind,
                                             std::span<const std::string> keys) final;
  StatusOr<std::vector<RowDigest>> Rows(const RowRange& range) final;

 protected:
  // Rows between two looks at whether to go on.
  static constexpr uint64_t kRowsPerLook = 1024;
  using UseRow = std::function<Status(std::string_view key, std::string_view value)>;

  // `hasher` outlives the side; `threads` hash.
  WalkSide(const RowHasher& hasher, size_t threads) : hasher_(hasher), threads_(threads) {}

  // The rows of the range in order of their keys, without metadata. An error of `use` ends it.
  virtual Status Walk(const RowRange& range, const UseRow& use) = 0;
  // Errors: kInvalidArgument for more keys than one call may ask for.
  static Status CheckKeyCount(size_t keys);

 private:
  const RowHasher& hasher_;
  const size_t threads_;
};

}  // namespace flatkv
