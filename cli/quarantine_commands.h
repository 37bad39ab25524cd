// quarantine list, quarantine rm: what recovery set aside.
#pragma once

#include <string>

#include "cli/admin_session.h"
#include "flatkv/base/status.h"

namespace flatkv::cli {

Status RunQuarantineList(const AdminSession& session);
// Errors: kNotFound; kFailedPrecondition with Reason::kConfirmationNeeded.
Status RunQuarantineRemove(const AdminSession& session, const std::string& name,
                           const ConfirmOptions& confirm, Person& person);

}  // namespace flatkv::cli
