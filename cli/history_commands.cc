#include "cli/history_commands.h"

#include <fmt/format.h>

#include <memory>
#include <utility>
#include <vector>

#include "cli/admin_json.h"
#include "cli/block_file.h"
#include "cli/errors.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/plan_text.h"
#include "flatkv/base/hex.h"

namespace flatkv::cli {
namespace {

// The blocks of a reorg, and the bytes that they view.
struct NewVersions {
  std::vector<Block> blocks;
  std::vector<ReorgBlock> views;
};

StatusOr<NewVersions> ReadBlocks(const std::string& path) {
  ASSIGN_OR_RETURN(const std::unique_ptr<BlockFile> file, BlockFile::Open(path));
  NewVersions read;
  while (true) {
    ASSIGN_OR_RETURN(std::optional<Block> block, file->Next());
    if (!block.has_value()) {
      break;
    }
    read.blocks.push_back(*std::move(block));
  }
  if (read.blocks.empty()) {
    return InvalidArgument(fmt::format("{}: holds no version", path));
  }
  for (const Block& block : read.blocks) {
    read.views.push_back({block.version(), block.changes()});
  }
  return read;
}

void PrintPlan(const AdminSession& session, const std::string& text, OrderedJson plan) {
  if (session.json) {
    PrintJsonLine({{"mode", session.access.mode()}, {"plan", std::move(plan)}});
  } else {
    fmt::print("{}{}", ModeLine(session.access), text);
    std::fflush(stdout);
  }
}

// Standard input is the file's, so nobody can answer there.
class Nobody final : public Person {
 public:
  bool present() const override { return false; }
  std::string Ask(std::string_view) override { return ""; }
};

}  // namespace

Status RunRollback(const AdminSession& session, const RollbackOptions& options, Person& person) {
  ASSIGN_OR_RETURN(const RollbackPlan plan, session.admin.PlanRollback(options.to, options.choice));
  PrintPlan(session, RollbackText(plan), ToJson(plan));
  if (options.confirm.dry_run) {
    return OkStatus();
  }
  RETURN_IF_ERROR(Confirm(options.confirm, std::to_string(options.to), person));
  CatchInterrupts();
  ASSIGN_OR_RETURN(const RollbackResult result, session.admin.Rollback(options.to, options.choice));
  if (session.json) {
    PrintJsonLine({{"mode", session.access.mode()},
                   {"version", result.plan.target},
                   {"root", HexEncode(AsBytes(result.plan.target_root))},
                   {"method", MethodName(result.plan.method)},
                   {"seconds", result.seconds}});
  } else {
    fmt::print("rolled back in {:.2f} s: version {}, root {}\n", result.seconds, result.plan.target,
               HexEncode(AsBytes(result.plan.target_root)));
  }
  return OkStatus();
}

Status RunReorg(const AdminSession& session, const ReorgOptions& options, Person& person) {
  ASSIGN_OR_RETURN(const NewVersions read, ReadBlocks(options.file));
  const Version first = read.views.front().version;
  const Version last = read.views.back().version;
  ASSIGN_OR_RETURN(const RollbackPlan plan,
                   session.admin.PlanRollback(first - 1, RollbackChoice::kAuto));
  PrintPlan(session, ReorgText(plan, first, last),
            {{"rollback", ToJson(plan)}, {"first", first}, {"last", last}});
  if (options.confirm.dry_run) {
    return OkStatus();
  }
  Nobody nobody;
  Person& asked = options.file == "-" ? static_cast<Person&>(nobody) : person;
  RETURN_IF_ERROR(Confirm(options.confirm, std::to_string(first), asked));
  CatchInterrupts();
  ASSIGN_OR_RETURN(const ReorgResult result, session.admin.Reorg(read.views));
  if (session.json) {
    OrderedJson versions = OrderedJson::array();
    for (const auto& [version, root] : result.versions) {
      versions.push_back({{"version", version}, {"root", HexEncode(AsBytes(root))}});
    }
    PrintJsonLine({{"mode", session.access.mode()},
                   {"from", result.from},
                   {"already_done", result.already_done},
                   {"versions", std::move(versions)},
                   {"seconds", result.seconds}});
    return OkStatus();
  }
  for (const auto& [version, root] : result.versions) {
    fmt::print("version {:>8}  {}\n", version, HexEncode(AsBytes(root)));
  }
  fmt::print("{} in {:.2f} s\n",
             result.already_done ? "the store had exactly these versions: nothing was changed"
                                 : fmt::format("head {} became {}", result.from, last),
             result.seconds);
  return OkStatus();
}

Status RunPrune(const AdminSession& session, const PruneOptions& options, Person& person) {
  ASSIGN_OR_RETURN(const PrunePlan plan, session.admin.PlanPrune(options.keep_recent));
  PrintPlan(session, PruneText(plan), ToJson(plan));
  if (options.confirm.dry_run) {
    return OkStatus();
  }
  if (plan.snapshots.empty() && plan.wal_below == 0) {
    return OkStatus();
  }
  RETURN_IF_ERROR(Confirm(options.confirm, "prune", person));
  CatchInterrupts();
  ASSIGN_OR_RETURN(const PrunePlan done, session.admin.Prune(options.keep_recent));
  if (session.json) {
    PrintJsonLine({{"mode", session.access.mode()}, {"pruned", ToJson(done)}});
  } else {
    fmt::print("pruned: snapshots {}; {}\n", VersionList(done.snapshots),
               SegmentsText(done.wal_below));
  }
  return OkStatus();
}

}  // namespace flatkv::cli
