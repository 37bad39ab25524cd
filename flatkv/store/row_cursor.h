// A walk over one data DB's rows in a range of physical keys, with the overlay's rows laid over it.
// One thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "flatkv/base/status.h"
#include "flatkv/engine/kv_engine.h"
#include "flatkv/store/arena.h"
#include "flatkv/store/version_rows.h"

namespace flatkv {

// Physical keys with first <= key < last.
struct PhysicalRange {
  std::string first;
  std::string last;
};

class RowCursor {
 public:
  // `overlay` holds the overlay's rows of the range in order, their bytes in `overlay_bytes`;
  // `rows` sees the DB at a version not above theirs and not below their oldest. Stands at the
  // first row of the walk.
  RowCursor(PhysicalRange range, bool reverse, RowChanges overlay, Arena overlay_bytes,
            std::unique_ptr<KvIterator> rows);

  bool Valid() const { return valid_; }
  void Next();
  std::string_view key() const { return from_overlay_ ? change().key : rows_->key(); }
  std::string_view value() const { return from_overlay_ ? change().value : rows_->value(); }
  Status status() const { return rows_->status(); }

 private:
  // Moves to the next row that is not removed, looking at both sources.
  void Settle();
  void AdvanceRows();
  bool RowsValid() const;
  bool OverlayValid() const { return overlay_next_ < overlay_.size(); }
  const RowChange& change() const { return overlay_[overlay_next_]; }

  const PhysicalRange range_;
  const bool reverse_;
  RowChanges overlay_;  // in walking order
  Arena overlay_bytes_;
  size_t overlay_next_ = 0;
  std::unique_ptr<KvIterator> rows_;
  bool valid_ = false;
  bool from_overlay_ = false;
};

}  // namespace flatkv
