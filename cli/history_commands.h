// rollback, reorg, prune: commands that take versions or snapshots away. Each prints its plan, asks
// and acts; a dry run ends with the plan.
//
// With `json` the plan is one line {mode, plan} and the result, if it comes to that, a second one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/admin_session.h"
#include "flatkv/base/status.h"

namespace flatkv::cli {

struct RollbackOptions {
  Version to = 0;
  RollbackChoice choice = RollbackChoice::kAuto;
  ConfirmOptions confirm;
};
// Errors: those of StoreAdmin::PlanRollback; kFailedPrecondition with Reason::kConfirmationNeeded.
Status RunRollback(const AdminSession& session, const RollbackOptions& options, Person& person);

struct ReorgOptions {
  std::string file;  // JSON lines as `replay` takes them; "-": standard input, which needs --yes
  ConfirmOptions confirm;
};
// Errors: kInvalidArgument for a bad line, naming it; as RunRollback; those of StoreAdmin::Reorg.
Status RunReorg(const AdminSession& session, const ReorgOptions& options, Person& person);

struct PruneOptions {
  std::optional<uint64_t> keep_recent;  // unset: as configured
  ConfirmOptions confirm;
};
// With nothing to prune it asks nothing. Errors: as above.
Status RunPrune(const AdminSession& session, const PruneOptions& options, Person& person);

}  // namespace flatkv::cli
