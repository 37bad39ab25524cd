// snapshot create, list, show, rm, pin, unpin, pins.
#pragma once

#include <string>

#include "cli/admin_session.h"
#include "flatkv/base/status.h"

namespace flatkv::cli {

Status RunSnapshotCreate(const AdminSession& session);
Status RunSnapshotList(const AdminSession& session);
// Errors: kNotFound with Reason::kSnapshotMissing.
Status RunSnapshotShow(const AdminSession& session, Version version);
// Errors: kFailedPrecondition with Reason::kSnapshotInUse, also of a dry run.
Status RunSnapshotRemove(const AdminSession& session, Version version,
                         const ConfirmOptions& confirm, Person& person);

Status RunPin(const AdminSession& session, Version version, const std::string& reason);
Status RunUnpin(const AdminSession& session, const std::string& id);
Status RunPins(const AdminSession& session);

}  // namespace flatkv::cli
