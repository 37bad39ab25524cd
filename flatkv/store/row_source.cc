#include "flatkv/store/row_source.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace flatkv {
namespace {

class StillSource final : public RowSource {
 public:
  explicit StillSource(DataDbs& dbs) : dbs_(dbs) {}
  StatusOr<bool> Get(DataDb db, std::string_view key, std::string* row) override {
    return dbs_[db].Get(key, row);
  }
  std::unique_ptr<KvIterator> NewIterator(DataDb db) override { return dbs_[db].NewIterator(); }

 private:
  DataDbs& dbs_;
};

// The one iterator of a DB that many use, each for a piece of its walk.
struct SharedIterator {
  Mutex mu;
  std::unique_ptr<KvIterator> rows GUARDED_BY(mu);
};

// Walks a SharedIterator in pieces: copies some rows under the lock, and seeks to where it was for
// the next ones.
class PiecewiseIterator final : public KvIterator {
 public:
  explicit PiecewiseIterator(SharedIterator& shared) : shared_(shared) {}

  void Seek(std::string_view key) override {
    MutexLock lock(shared_.mu);
    shared_.rows->Seek(key);
    Fill(/*forward=*/true);
  }
  void SeekForPrev(std::string_view key) override {
    MutexLock lock(shared_.mu);
    shared_.rows->SeekForPrev(key);
    Fill(/*forward=*/false);
  }
  void SeekToFirst() override {
    MutexLock lock(shared_.mu);
    shared_.rows->SeekToFirst();
    Fill(/*forward=*/true);
  }
  void SeekToLast() override {
    MutexLock lock(shared_.mu);
    shared_.rows->SeekToLast();
    Fill(/*forward=*/false);
  }
  bool Valid() const override { return at_ < piece_.size(); }
  void Next() override { Move(/*forward=*/true); }
  void Prev() override { Move(/*forward=*/false); }
  std::string_view key() const override { return piece_[at_].first; }
  std::string_view value() const override { return piece_[at_].second; }
  Status status() const override { return status_; }

 private:
  static constexpr size_t kPieceRows = 128;

  void Move(bool forward) {
    if (forward == forward_ && at_ + 1 < piece_.size()) {
      ++at_;
      return;
    }
    const std::string from = piece_[at_].first;
    MutexLock lock(shared_.mu);
    if (forward) {
      shared_.rows->Seek(from);
      if (shared_.rows->Valid() && shared_.rows->key() == from) {
        shared_.rows->Next();
      }
    } else {
      shared_.rows->SeekForPrev(from);
    }
    Fill(forward);
  }

  void Fill(bool forward) REQUIRES(shared_.mu) {
    KvIterator& rows = *shared_.rows;
    forward_ = forward;
    at_ = 0;
    piece_.clear();
    while (piece_.size() < kPieceRows && rows.Valid()) {
      piece_.emplace_back(rows.key(), rows.value());
      if (forward) {
        rows.Next();
      } else {
        rows.Prev();
      }
    }
    status_ = rows.status();
    if (!status_.ok()) {
      piece_.clear();  // a damaged block ends the walk
    }
  }

  SharedIterator& shared_;
  std::vector<std::pair<std::string, std::string>> piece_;  // in walking order
  size_t at_ = 0;
  bool forward_ = true;
  Status status_;
};

class HeldSource final : public RowSource {
 public:
  explicit HeldSource(DataDbs& dbs) {
    for (const DataDb db : kAllDataDbs) {
      SharedIterator& shared = shared_[IndexOf(db)];
      MutexLock lock(shared.mu);
      shared.rows = dbs[db].NewIterator();
    }
  }
  StatusOr<bool> Get(DataDb db, std::string_view key, std::string* row) override {
    SharedIterator& shared = shared_[IndexOf(db)];
    MutexLock lock(shared.mu);
    shared.rows->Seek(key);
    if (!shared.rows->Valid()) {
      RETURN_IF_ERROR(shared.rows->status());
      return false;
    }
    if (shared.rows->key() != key) {
      return false;
    }
    row->assign(shared.rows->value());
    return true;
  }
  std::unique_ptr<KvIterator> NewIterator(DataDb db) override {
    return std::make_unique<PiecewiseIterator>(shared_[IndexOf(db)]);
  }

 private:
  std::array<SharedIterator, kDataDbs> shared_;
};

// A walk over rows and undo together, over the whole key space, forward or backward.
class UndoneIterator final : public KvIterator {
 public:
  UndoneIterator(std::unique_ptr<KvIterator> rows, const RowChanges& undo)
      : rows_(std::move(rows)), undo_(undo) {}

  void Seek(std::string_view key) override {
    rows_->Seek(key);
    undo_at_ = LowerBound(key);
    forward_ = true;
    Settle();
  }
  void SeekForPrev(std::string_view key) override {
    rows_->SeekForPrev(key);
    undo_at_ = LowerBound(key) - 1;
    forward_ = false;
    Settle();
  }
  void SeekToFirst() override { Seek({}); }
  void SeekToLast() override {
    rows_->SeekToLast();
    undo_at_ = std::ssize(undo_) - 1;
    forward_ = false;
    Settle();
  }
  bool Valid() const override { return valid_; }
  void Next() override { Move(/*forward=*/true); }
  void Prev() override { Move(/*forward=*/false); }
  std::string_view key() const override { return from_undo_ ? Undone().key : rows_->key(); }
  std::string_view value() const override { return from_undo_ ? Undone().value : rows_->value(); }
  Status status() const override { return rows_->status(); }

 private:
  const RowChange& Undone() const { return undo_[static_cast<size_t>(undo_at_)]; }
  bool UndoValid() const { return undo_at_ >= 0 && undo_at_ < std::ssize(undo_); }
  ptrdiff_t LowerBound(std::string_view key) const {
    return std::lower_bound(undo_.begin(), undo_.end(), key,
                            [](const RowChange& row, std::string_view k) { return row.key < k; }) -
           undo_.begin();
  }

  void Move(bool forward) {
    if (forward != forward_) {
      // Turning round: find the place anew in both.
      const std::string from(key());
      if (forward) {
        Seek(from);
      } else {
        SeekForPrev(from);
        return;
      }
    }
    if (from_undo_) {
      undo_at_ += forward ? 1 : -1;
    } else {
      Advance();
    }
    Settle();
  }
  void Advance() {
    if (forward_) {
      rows_->Next();
    } else {
      rows_->Prev();
    }
  }
  // Chooses the nearer of the two, skipping rows that did not exist and those that undo replaces.
  void Settle() {
    while (true) {
      if (!rows_->status().ok()) {
        valid_ = false;
        return;
      }
      if (!UndoValid()) {
        from_undo_ = false;
        valid_ = rows_->Valid();
        return;
      }
      if (rows_->Valid()) {
        const int order = Undone().key.compare(rows_->key());
        if (forward_ ? order > 0 : order < 0) {
          from_undo_ = false;
          valid_ = true;
          return;
        }
        if (order == 0) {
          Advance();
        }
      }
      if (!Undone().removed) {
        from_undo_ = true;
        valid_ = true;
        return;
      }
      undo_at_ += forward_ ? 1 : -1;
    }
  }

  const std::unique_ptr<KvIterator> rows_;
  const RowChanges& undo_;
  ptrdiff_t undo_at_ = 0;
  bool forward_ = true;
  bool from_undo_ = false;
  bool valid_ = false;
};

class UndoneSource final : public RowSource {
 public:
  UndoneSource(std::unique_ptr<RowSource> rows, Undo undo)
      : rows_(std::move(rows)), undo_(std::move(undo)) {}
  StatusOr<bool> Get(DataDb db, std::string_view key, std::string* row) override {
    const RowChange* undone = FindRow(undo_.dbs[IndexOf(db)].rows, key);
    if (undone == nullptr) {
      return rows_->Get(db, key, row);
    }
    row->assign(undone->value);
    return !undone->removed;
  }
  std::unique_ptr<KvIterator> NewIterator(DataDb db) override {
    return std::make_unique<UndoneIterator>(rows_->NewIterator(db), undo_.dbs[IndexOf(db)].rows);
  }

 private:
  const std::unique_ptr<RowSource> rows_;
  const Undo undo_;
};

}  // namespace

std::unique_ptr<RowSource> NewStillSource(DataDbs& dbs) {
  return std::make_unique<StillSource>(dbs);
}

std::unique_ptr<RowSource> NewHeldSource(DataDbs& dbs) { return std::make_unique<HeldSource>(dbs); }

std::unique_ptr<RowSource> NewUndoneSource(std::unique_ptr<RowSource> rows, Undo undo) {
  return std::make_unique<UndoneSource>(std::move(rows), std::move(undo));
}

}  // namespace flatkv
