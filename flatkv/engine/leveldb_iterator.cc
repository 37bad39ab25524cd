#include "flatkv/engine/leveldb_iterator.h"

#include <utility>

#include "flatkv/engine/ordered_reads.h"
#include "flatkv/engine/scheduled_work.h"

namespace flatkv {
namespace {

leveldb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

// LevelDB steps over a block that it cannot read and stays valid behind it. This iterator ends
// there instead: after every move it asks for the status, and Valid() holds only if nothing was
// skipped.
class LevelDbIterator final : public KvIterator {
 public:
  LevelDbIterator(std::unique_ptr<leveldb::Iterator> iterator, const std::string& path,
                  IoMonitor& monitor, std::atomic<int64_t>& live_iterators)
      : iterator_(std::move(iterator)),
        path_(path),
        monitor_(monitor),
        live_iterators_(live_iterators) {
    ++live_iterators_;
  }
  ~LevelDbIterator() override {
    iterator_.reset();
    --live_iterators_;
  }
  LevelDbIterator(const LevelDbIterator&) = delete;
  LevelDbIterator& operator=(const LevelDbIterator&) = delete;

  void Seek(std::string_view key) override {
    Move([&] { iterator_->Seek(ToSlice(key)); });
  }
  void SeekForPrev(std::string_view key) override {
    Seek(key);
    if (!status_.ok()) {
      return;
    }
    if (valid_) {
      Prev();
    } else {
      SeekToLast();
    }
  }
  void SeekToFirst() override {
    Move([&] { iterator_->SeekToFirst(); });
  }
  void SeekToLast() override {
    Move([&] { iterator_->SeekToLast(); });
  }
  bool Valid() const override { return valid_; }
  void Next() override {
    const OrderedReads ordered;
    Move([&] { iterator_->Next(); });
  }
  void Prev() override {
    Move([&] { iterator_->Prev(); });
  }
  std::string_view key() const override {
    const leveldb::Slice key = iterator_->key();
    return {key.data(), key.size()};
  }
  std::string_view value() const override {
    const leveldb::Slice value = iterator_->value();
    return {value.data(), value.size()};
  }
  Status status() const override { return status_; }

 private:
  template <typename Step>
  void Move(Step step) {
    // LevelDB samples what an iterator passes, and counts that like a Get (scheduled_work.h).
    const ScheduledWork::Reading reading;
    step();
    const leveldb::Status status = iterator_->status();
    if (!status.ok() && status_.ok()) {
      status_ = monitor_.Explain(status, path_);
    }
    valid_ = status_.ok() && iterator_->Valid();
  }

  std::unique_ptr<leveldb::Iterator> iterator_;
  const std::string path_;
  IoMonitor& monitor_;
  std::atomic<int64_t>& live_iterators_;
  bool valid_ = false;
  Status status_;
};

class FailedIterator final : public KvIterator {
 public:
  explicit FailedIterator(Status status) : status_(std::move(status)) {}
  void Seek(std::string_view) override {}
  void SeekForPrev(std::string_view) override {}
  void SeekToFirst() override {}
  void SeekToLast() override {}
  bool Valid() const override { return false; }
  void Next() override {}
  void Prev() override {}
  std::string_view key() const override { return {}; }
  std::string_view value() const override { return {}; }
  Status status() const override { return status_; }

 private:
  const Status status_;
};

}  // namespace

std::unique_ptr<KvIterator> MakeLevelDbIterator(std::unique_ptr<leveldb::Iterator> iterator,
                                                const std::string& path, IoMonitor& monitor,
                                                std::atomic<int64_t>& live_iterators) {
  return std::make_unique<LevelDbIterator>(std::move(iterator), path, monitor, live_iterators);
}

std::unique_ptr<KvIterator> MakeFailedIterator(Status status) {
  return std::make_unique<FailedIterator>(std::move(status));
}

}  // namespace flatkv
