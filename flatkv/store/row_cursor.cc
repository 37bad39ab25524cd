#include "flatkv/store/row_cursor.h"

#include <algorithm>

namespace flatkv {

RowCursor::RowCursor(PhysicalRange range, bool reverse, RowChanges overlay, Arena overlay_bytes,
                     std::unique_ptr<KvIterator> rows)
    : range_(std::move(range)),
      reverse_(reverse),
      overlay_(std::move(overlay)),
      overlay_bytes_(std::move(overlay_bytes)),
      rows_(std::move(rows)) {
  if (reverse_) {
    std::reverse(overlay_.begin(), overlay_.end());
    rows_->SeekForPrev(range_.last);
  } else {
    rows_->Seek(range_.first);
  }
  Settle();
}

bool RowCursor::RowsValid() const {
  return rows_->Valid() && (reverse_ ? rows_->key() >= range_.first : rows_->key() < range_.last);
}

void RowCursor::AdvanceRows() {
  if (reverse_) {
    rows_->Prev();
  } else {
    rows_->Next();
  }
}

void RowCursor::Settle() {
  while (true) {
    const bool has_rows = RowsValid();
    if (!OverlayValid()) {
      from_overlay_ = false;
      valid_ = has_rows;
      return;
    }
    int order = -1;  // the overlay's row comes first
    if (has_rows) {
      order = change().key.compare(rows_->key());
      if (reverse_) {
        order = -order;
      }
    }
    if (order > 0) {
      from_overlay_ = false;
      valid_ = true;
      return;
    }
    if (order == 0) {
      AdvanceRows();  // the overlay's row is newer
    }
    if (!change().removed) {
      from_overlay_ = true;
      valid_ = true;
      return;
    }
    ++overlay_next_;
  }
}

void RowCursor::Next() {
  if (from_overlay_) {
    ++overlay_next_;
  } else {
    AdvanceRows();
  }
  Settle();
}

}  // namespace flatkv
