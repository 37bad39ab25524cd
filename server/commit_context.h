// What the handlers of CommitService share.
#pragma once

#include <functional>
#include <utility>

#include "flatkv/store/store.h"
#include "server/call_tracker.h"
#include "server/commit_metrics.h"
#include "server/work_queue.h"

namespace flatkv::server {

struct CommitContext {
  CommitContext(Store& the_store, CommitMetrics& the_metrics, std::function<void()> call_on_failure)
      : store(the_store), metrics(the_metrics), on_failure(std::move(call_on_failure)) {}

  Store& store;
  CommitMetrics& metrics;
  // Called after every call that the store refused, on the commit thread: has the store been
  // poisoned?
  const std::function<void()> on_failure;
  CallTracker calls;
  // The commit thread. Destroyed first: its last jobs still use the rest.
  WorkQueue queue{{.name = "flatkv-commit"}};
};

}  // namespace flatkv::server
