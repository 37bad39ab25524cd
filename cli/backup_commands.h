// backup, backup list|verify|rm, restore.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "cli/admin_session.h"
#include "cli/confirm.h"
#include "cli/target.h"
#include "flatkv/base/status.h"
#include "flatkv/store/restore.h"

namespace flatkv::cli {

struct BackupOptions {
  std::string to;
  std::optional<Version> snapshot;  // unset: a new one of the head
  bool newest = false;              // instead of a new one the newest there is
};
// Copies a snapshot to a backup directory, and keeps it by a pin meanwhile. The files must be on
// this machine, whoever has the store open. Errors: those of TakeBackup and CreateSnapshot.
Status RunBackup(const AdminSession& session, const BackupOptions& options,
                 const std::function<bool()>& interrupted);

Status RunBackupList(const std::string& from, bool json);
// kDataLoss if anything is damaged.
Status RunBackupVerify(const std::string& from, std::optional<Version> version, bool json,
                       const std::function<bool()>& interrupted);
Status RunBackupRemove(const std::string& from, Version version, const ConfirmOptions& confirm,
                       bool json, Person& person);

struct RestoreOptions {
  std::string from;
  std::string to;
  std::optional<Version> snapshot;
  std::string pin_id;
  std::string replaces;
  ConfirmOptions confirm;
};
// Prints the plan, asks and acts; a dry run ends with the plan. With `json` the plan is one line
// {mode, plan} and the result a second one. Errors: those of PlanRestore and Restore;
// kFailedPrecondition with Reason::kConfirmationNeeded.
Status RunRestore(const TargetOptions& target, const RestoreOptions& options, bool json,
                  Person& person, const std::function<bool()>& interrupted);

}  // namespace flatkv::cli
