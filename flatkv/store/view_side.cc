#include "flatkv/store/view_side.h"

#include <utility>

#include "flatkv/codec/meta_keys.h"
#include "flatkv/store/sums_of.h"
#include "flatkv/store/walk_side.h"

namespace flatkv {
namespace {

class ViewSide final : public WalkSide {
 public:
  ViewSide(std::shared_ptr<View> view, const RowHasher& hasher, ViewSideOptions options)
      : WalkSide(hasher, options.threads),
        view_(std::move(view)),
        hasher_(hasher),
        options_(std::move(options)) {}

  StatusOr<SideState> State() override {
    return SideState{view_->version(), view_->root(), options_.suite, options_.store_id,
                     SumsOf(view_->state(), hasher_)};
  }

  StatusOr<std::vector<std::optional<StoredValue>>> Values(DataDb db,
                                                           std::span<const std::string> keys,
                                                           uint64_t bytes_max) override {
    RETURN_IF_ERROR(CheckKeyCount(keys.size()));
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
  Status Look() const {
    if (view_->ending()) {
      return WithReason(Aborted("the store was rolled back or closed meanwhile"),
                        Reason::kRolledBack);
    }
    return options_.go_on == nullptr || options_.go_on() ? OkStatus()
                                                         : Cancelled("the walk was cancelled");
  }

  Status Walk(const RowRange& range, const UseRow& use) override {
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
