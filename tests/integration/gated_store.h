// A Store that passes everything on to another one, and lets a test hold a commit or count what is
// open.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "flatkv/base/mutex.h"
#include "flatkv/store/store.h"

namespace flatkv::test {

class GatedStore final : public Store {
 public:
  // Borrows `base`.
  explicit GatedStore(Store& base) : base_(base) {}

  // From here on CommitBlock and CommitBlocks wait inside the call until OpenGate.
  void CloseGate() {
    MutexLock lock(mu_);
    gate_open_ = false;
  }
  void OpenGate() {
    MutexLock lock(mu_);
    gate_open_ = true;
    changed_.NotifyAll();
  }
  // Waits until `count` blocks in all have come to the gate.
  void WaitForCommits(size_t count) {
    MutexLock lock(mu_);
    while (commits_begun_ < count) {
      changed_.Wait(mu_);
    }
  }
  // Waits until no iterator is open.
  void WaitForNoIterator() {
    MutexLock lock(mu_);
    while (open_iterators_ > 0) {
      changed_.Wait(mu_);
    }
  }

  // How many blocks came in each call.
  std::vector<size_t> groups() {
    MutexLock lock(mu_);
    return groups_;
  }

  std::vector<StatusOr<CommitResult>> CommitBlocks(std::span<const BlockRef> blocks,
                                                   OnRefusal on_refusal) override {
    {
      MutexLock lock(mu_);
      commits_begun_ += blocks.size();
      groups_.push_back(blocks.size());
      changed_.NotifyAll();
      while (!gate_open_) {
        changed_.Wait(mu_);
      }
    }
    return base_.CommitBlocks(blocks, on_refusal);
  }
  StatusOr<std::unique_ptr<StoreIterator>> Iterate(const IterateRange& range) override {
    ASSIGN_OR_RETURN(std::unique_ptr<StoreIterator> iterator, base_.Iterate(range));
    MutexLock lock(mu_);
    ++open_iterators_;
    return std::make_unique<CountedIterator>(*this, std::move(iterator));
  }

  StatusOr<AppliedResult> ApplyChangeSets(Version version, const ChangeSets& changes) override {
    return base_.ApplyChangeSets(version, changes);
  }
  StatusOr<CommitResult> Commit(Version version) override { return base_.Commit(version); }
  void DiscardPending() override { base_.DiscardPending(); }
  StatusOr<ReadResult> Get(std::span<const KeyRef> keys) override { return base_.Get(keys); }
  StatusOr<std::shared_ptr<StoreView>> ViewAt(Version version) override {
    return base_.ViewAt(version);
  }
  StoreAdmin& admin() override { return base_.admin(); }
  StateReader& state_reader() override { return base_.state_reader(); }
  VersionRoot CommittedRoot() override { return base_.CommittedRoot(); }
  StatusOr<Digest> RootAt(Version version) override { return base_.RootAt(version); }
  VersionRoot WorkingRoot() override { return base_.WorkingRoot(); }
  StoreInfo Info() override { return base_.Info(); }
  StoreStats Stats() override { return base_.Stats(); }
  const RecoveryInfo& recovery() const override { return base_.recovery(); }
  Status Health() override { return base_.Health(); }
  Status VerifyRows() override { return base_.VerifyRows(); }
  Status Flush() override { return base_.Flush(); }
  Status Close() override { return base_.Close(); }

 private:
  class CountedIterator final : public StoreIterator {
   public:
    CountedIterator(GatedStore& store, std::unique_ptr<StoreIterator> base)
        : store_(store), base_(std::move(base)) {}
    ~CountedIterator() override {
      base_.reset();
      MutexLock lock(store_.mu_);
      --store_.open_iterators_;
      store_.changed_.NotifyAll();
    }
    Version version() const override { return base_->version(); }
    bool Valid() const override { return base_->Valid(); }
    void Next() override { base_->Next(); }
    std::string_view key() const override { return base_->key(); }
    std::string_view value() const override { return base_->value(); }
    Status status() const override { return base_->status(); }

   private:
    GatedStore& store_;
    std::unique_ptr<StoreIterator> base_;
  };

  Store& base_;
  Mutex mu_;
  CondVar changed_;
  bool gate_open_ GUARDED_BY(mu_) = true;
  size_t commits_begun_ GUARDED_BY(mu_) = 0;
  std::vector<size_t> groups_ GUARDED_BY(mu_);
  size_t open_iterators_ GUARDED_BY(mu_) = 0;
};

}  // namespace flatkv::test
