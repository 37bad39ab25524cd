// compact, scrub status|start|pause|resume.
#pragma once

#include <functional>
#include <string>

#include "cli/admin_session.h"
#include "flatkv/base/status.h"

namespace flatkv::cli {

// Progress on standard error. Errors: those of StoreAdmin::Compact.
Status RunCompact(const AdminSession& session, const std::function<bool()>& interrupted);
// The status after the action. Errors: those of StoreAdmin::Scrub.
Status RunScrub(const AdminSession& session, ScrubAction action);

// "running: rows of storage, 12 bytes so far; last pass ...", one line.
std::string ScrubText(const ScrubStatus& status);

}  // namespace flatkv::cli
