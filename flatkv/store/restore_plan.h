// What a restore works on: the checked source and the locks that it needs.
//
// Thread safety: none.
#pragma once

#include <memory>

#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/store/restore.h"
#include "flatkv/store/staged_store.h"

namespace flatkv {

struct PreparedRestore {
  RestorePlan plan;
  StagedSource source;
  // Of the store in the request's home; null if that is not needed.
  std::unique_ptr<FileLock> lock;
};

// PlanRestore, with what Restore goes on with. Errors: those of PlanRestore.
StatusOr<PreparedRestore> PrepareRestore(FileSystem& fs, const RestoreRequest& request);

}  // namespace flatkv
