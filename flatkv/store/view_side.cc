#include "flatkv/store/view_side.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "flatkv/base/sha256.h"
#include "flatkv/codec/meta_keys.h"
#include "flatkv/store/range_hasher.h"
#include "flatkv/store/sums_of.h"

namespace flatkv {
namespace {

// Rows between two looks at whether to go on.
constexpr uint64_t kRowsPerLook = 1024;

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

class ViewSide final : public CompareSide {
 public:
  ViewSide(std::shared_ptr<View> view, const RowHasher& hasher, ViewSideOptions options)
      : view_(std::move(view)), hasher_(hasher), options_(std::move(options)) {}

  StatusOr<SideState> State() override {
    return SideState{view_->version(), view_->root(), options_.suite, options_.store_id,
                     SumsOf(view_->state(), hasher_)};
  }

  StatusOr<SplitDigests> Split(const RowRange& range, DigestKind kind,
                               uint64_t rows_each) override {
    if (rows_each == 0) {
      return InvalidArgument("a piece has at least one row");
    }
    SplitDigests split;
    RangeHasher hasher(hasher_, kind, options_.threads);
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

  StatusOr<std::vector<RangeDigest>> Digests(const RowRange& range, DigestKind kind,
                                             std::span<const std::string> keys) override {
    RETURN_IF_ERROR(CheckKeys(range, keys));
    RangeHasher hasher(hasher_, kind, options_.threads);
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

  StatusOr<std::vector<RowDigest>> Rows(const RowRange& range) override {
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

  StatusOr<std::vector<std::optional<StoredValue>>> Values(DataDb db,
                                                           std::span<const std::string> keys,
                                                           uint64_t bytes_max) override {
    if (keys.size() > kRowsMax) {
      return LimitExceeded(
          fmt::format("{} keys in one call, at most {} are allowed", keys.size(), kRowsMax));
    }
    std::vector<std::optional<StoredValue>> values;
    const Status walk = view_->WalkRows(db, [&](KvIterator& rows) -> Status {
      for (const std::string& key : keys) {
        RETURN_IF_ERROR(Look());
        rows.Seek(key);
        RETURN_IF_ERROR(rows.status());
        std::optional<StoredValue>& value = values.emplace_back();
        if (rows.Valid() && rows.key() == key && !IsMetaKey(key)) {
          value = {rows.value().size(), std::string(rows.value().substr(0, bytes_max))};
        }
      }
      return OkStatus();
    });
    RETURN_IF_ERROR(walk);
    return values;
  }

 private:
  using UseRow = std::function<Status(std::string_view key, std::string_view value)>;

  Status Look() const {
    if (view_->ending()) {
      return WithReason(Aborted("the store was rolled back or closed meanwhile"),
                        Reason::kRolledBack);
    }
    return options_.go_on == nullptr || options_.go_on() ? OkStatus()
                                                         : Cancelled("the walk was cancelled");
  }

  Status Walk(const RowRange& range, const UseRow& use) {
    return view_->WalkRows(range.db, [&](KvIterator& rows) -> Status {
      uint64_t walked = 0;
      for (rows.Seek(range.first); rows.Valid() && (range.last.empty() || rows.key() < range.last);
           rows.Next()) {
        if (walked++ % kRowsPerLook == 0) {
          RETURN_IF_ERROR(Look());
        }
        if (!IsMetaKey(rows.key())) {
          RETURN_IF_ERROR(use(rows.key(), rows.value()));
        }
      }
      return rows.status();
    });
  }

  const std::shared_ptr<View> view_;
  const RowHasher& hasher_;
  const ViewSideOptions options_;
};

}  // namespace

std::unique_ptr<CompareSide> NewViewSide(std::shared_ptr<View> view, const RowHasher& hasher,
                                         ViewSideOptions options) {
  return std::make_unique<ViewSide>(std::move(view), hasher, std::move(options));
}

}  // namespace flatkv
