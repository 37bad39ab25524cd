#include "flatkv/store/iterator_registry.h"

#include <algorithm>
#include <string>
#include <utility>

namespace flatkv {
namespace {

using Entry = IteratorRegistry::Entry;

// Holds copies of the current pair: what `inner` points at may go at any time.
class EndableIterator final : public StoreIterator {
 public:
  explicit EndableIterator(std::shared_ptr<Entry> entry) : entry_(std::move(entry)) {
    MutexLock lock(entry_->mu);
    version_ = entry_->inner->version();
    Load();
  }
  ~EndableIterator() override {
    MutexLock lock(entry_->mu);
    entry_->inner.reset();
  }

  Version version() const override { return version_; }
  bool Valid() const override { return valid_; }
  void Next() override {
    MutexLock lock(entry_->mu);
    if (entry_->inner == nullptr) {
      valid_ = false;
      return;
    }
    entry_->inner->Next();
    Load();
  }
  std::string_view key() const override { return key_; }
  std::string_view value() const override { return value_; }
  Status status() const override {
    MutexLock lock(entry_->mu);
    return entry_->inner == nullptr ? entry_->ended : entry_->inner->status();
  }

 private:
  void Load() REQUIRES(entry_->mu) {
    valid_ = entry_->inner->Valid();
    if (valid_) {
      key_ = entry_->inner->key();
      value_ = entry_->inner->value();
    }
  }

  const std::shared_ptr<Entry> entry_;
  Version version_ = 0;
  bool valid_ = false;
  std::string key_;
  std::string value_;
};

}  // namespace

std::unique_ptr<StoreIterator> IteratorRegistry::Add(std::unique_ptr<StoreIterator> inner) {
  auto entry = std::make_shared<Entry>();
  {
    MutexLock lock(entry->mu);
    entry->inner = std::move(inner);
  }
  auto iterator = std::make_unique<EndableIterator>(entry);
  MutexLock lock(mu_);
  if (entries_.size() >= sweep_at_) {
    std::erase_if(entries_, [](const std::weak_ptr<Entry>& old) { return old.expired(); });
    sweep_at_ = std::max<size_t>(64, 2 * entries_.size());
  }
  entries_.push_back(std::move(entry));
  return iterator;
}

void IteratorRegistry::EndAll(const Status& why) {
  MutexLock lock(mu_);
  for (const std::weak_ptr<Entry>& weak : entries_) {
    if (const std::shared_ptr<Entry> entry = weak.lock(); entry != nullptr) {
      MutexLock entry_lock(entry->mu);
      if (entry->inner != nullptr) {
        entry->inner.reset();
        entry->ended = why;
      }
    }
  }
  entries_.clear();
}

}  // namespace flatkv
