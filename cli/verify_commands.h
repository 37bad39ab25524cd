// verify, snapshot verify: what is damaged, one finding a line.
#pragma once

#include <functional>
#include <optional>

#include "cli/admin_session.h"
#include "flatkv/base/status.h"

namespace flatkv::cli {

// Progress goes to standard error. Errors: kDataLoss when there are findings, after they are
// printed; kCancelled when `interrupted` says so.
Status RunVerify(const AdminSession& session, const VerifyOptions& options,
                 const std::function<bool()>& interrupted);

// One snapshot after the other; unset: all of them. Errors as above.
Status RunSnapshotVerify(const AdminSession& session, std::optional<Version> version,
                         VerifyDepth depth, const std::function<bool()>& interrupted);

}  // namespace flatkv::cli
