// The iterators that a store has given out, so that a rollback or Close can end them: LevelDB must
// not be closed under one.
//
// Thread safety: safe for concurrent use; each iterator by one thread at a time, beside EndAll.
#pragma once

#include <memory>
#include <vector>

#include "flatkv/base/mutex.h"
#include "flatkv/store/store.h"

namespace flatkv {

class IteratorRegistry {
 public:
  struct Entry {
    Mutex mu;
    std::unique_ptr<StoreIterator> inner GUARDED_BY(mu);  // null once ended
    Status ended GUARDED_BY(mu);
  };

  // `inner` behind an iterator that EndAll can end. It may outlive the registry.
  std::unique_ptr<StoreIterator> Add(std::unique_ptr<StoreIterator> inner) EXCLUDES(mu_);
  // Destroys what the iterators hold; their status becomes `why`.
  void EndAll(const Status& why) EXCLUDES(mu_);

 private:
  Mutex mu_;
  std::vector<std::weak_ptr<Entry>> entries_ GUARDED_BY(mu_);
  size_t sweep_at_ GUARDED_BY(mu_) = 64;
};

}  // namespace flatkv
