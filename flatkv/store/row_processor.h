// The heart of a commit: for every row that a version writes, find the old row, make the new one,
// take the old one out of the hash and put the new one in. Split over threads; sums make the result
// independent of the split.
#pragma once

#include <functional>

#include "flatkv/base/status.h"
#include "flatkv/base/thread_pool.h"
#include "flatkv/lthash/row_hasher.h"
#include "flatkv/store/classify.h"
#include "flatkv/store/missing_rows.h"
#include "flatkv/store/old_rows.h"
#include "flatkv/store/state_hash.h"
#include "flatkv/store/version_rows.h"

namespace flatkv {

// The threads of a commit: those that compute, one a core, and those that wait for the device.
struct RowThreads {
  ThreadPool& compute;
  MissingRowReader& read;
};

struct ProcessedRows {
  VersionRows rows;
  StoreDelta delta;
};

// The rows of `version`, or of several versions of which it is the last.
// With `keep_old` the result's rows have their old values.
// `beside` runs on the computing threads at the same time (the changelog encoding).
// Errors: kDataLoss when an old row cannot be read or is malformed.
StatusOr<ProcessedRows> ProcessRows(Version version, const ClassifiedChanges& changes,
                                    const OldRows& old_rows, const RowHasher& hasher,
                                    const RowThreads& threads, bool keep_old,
                                    const std::function<void()>& beside);

}  // namespace flatkv
