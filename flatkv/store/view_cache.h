// The open views of a store: at most so many, the idle ones closed after a while.
//
// Thread safety: safe for concurrent use.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <thread>

#include "flatkv/base/mutex.h"
#include "flatkv/store/store_options.h"
#include "flatkv/store/view.h"

namespace flatkv {

class ViewCache {
 public:
  explicit ViewCache(const ViewOptions& options);
  // Ends every view.
  ~ViewCache();

  using Build = std::function<StatusOr<std::shared_ptr<View>>()>;

  // The open view of `version`, or what `build` makes; one is built at a time. Errors:
  // kResourceExhausted when all that may be open are in use; those of `build`.
  StatusOr<std::shared_ptr<View>> Get(Version version, const Build& build) EXCLUDES(build_mu_, mu_);
  // Memory that a new view may still use.
  uint64_t MemoryLeft() EXCLUDES(mu_);
  // Ends the views of versions above `version` and those that read through the store's own data
  // DBs; waits for no build (see Get's caller for that).
  void EndForRollback(Version version, const Status& why) EXCLUDES(mu_);
  void EndAll(const Status& why) EXCLUDES(mu_);
  uint64_t open_views() EXCLUDES(mu_);

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    std::shared_ptr<View> view;
    Clock::time_point used;
  };

  // A view that nobody else holds.
  static bool IsIdle(const Entry& entry) { return entry.view.use_count() == 1; }
  std::shared_ptr<View> Find(Version version) EXCLUDES(mu_);
  Status MakeRoom() EXCLUDES(mu_);
  void CloseIdle() EXCLUDES(mu_);

  const ViewOptions options_;
  Mutex build_mu_;
  Mutex mu_;
  CondVar wake_;
  std::map<Version, Entry> views_ GUARDED_BY(mu_);
  bool stopping_ GUARDED_BY(mu_) = false;
  std::thread closer_ GUARDED_BY(mu_);  // started with the first view
};

}  // namespace flatkv
