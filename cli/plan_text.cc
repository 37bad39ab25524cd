#include "cli/plan_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ctime>

#include "cli/admin_json.h"
#include "flatkv/base/hex.h"

namespace flatkv::cli {
namespace {

// What a rollback does, without saying what comes after it.
std::string StepsText(const RollbackPlan& plan) {
  std::string text;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    text += fmt::format("  {}. {}\n", i + 1, plan.steps[i]);
  }
  if (!plan.removed_snapshots.empty()) {
    text += fmt::format("removes   snapshots {}\n", VersionList(plan.removed_snapshots));
  }
  for (const Pin& pin : plan.removed_pins) {
    text += fmt::format("removes   pin {} of snapshot {}: {}\n", pin.id, pin.version, pin.reason);
  }
  return text;
}

}  // namespace

std::string RollbackText(const RollbackPlan& plan) {
  std::string text = "plan: roll back\n";
  text += fmt::format("head      {} now, {} afterwards\n", plan.from, plan.target);
  text += fmt::format("root      {} afterwards\n", HexEncode(AsBytes(plan.target_root)));
  text += plan.from > plan.target
              ? fmt::format("gives up  {}\nmethod    {}\n",
                            VersionsText(plan.target + 1, plan.from), MethodName(plan.method))
              : "gives up  nothing but what is applied and not committed\n";
  return text + StepsText(plan);
}

std::string ReorgText(const RollbackPlan& plan, Version first, Version last) {
  std::string text = "plan: reorganise\n";
  text += fmt::format("head      {} now, {} afterwards\n", plan.from, last);
  text += plan.from > plan.target
              ? fmt::format("gives up  {}, by {}\n", VersionsText(plan.target + 1, plan.from),
                            MethodName(plan.method))
              : "gives up  nothing: the new versions follow the head\n";
  text += StepsText(plan);
  return text + fmt::format("commits   {}\n", VersionsText(first, last));
}

std::string PruneText(const PrunePlan& plan) {
  if (plan.snapshots.empty() && plan.wal_below == 0) {
    return "plan: nothing to prune\n";
  }
  return fmt::format("plan: prune\nremoves   snapshots {}\nremoves   {}\n",
                     VersionList(plan.snapshots), SegmentsText(plan.wal_below));
}

std::string SegmentsText(Version wal_below) {
  return wal_below == 0 ? "no changelog segment"
                        : fmt::format("changelog segments below version {}", wal_below);
}

std::string VersionsText(Version first, Version last) {
  return first == last ? fmt::format("version {}", first)
                       : fmt::format("versions {} to {}", first, last);
}

std::string VersionList(const std::vector<Version>& versions) {
  return versions.empty() ? "none" : fmt::format("{}", fmt::join(versions, ", "));
}

std::string TimeText(uint64_t unix_seconds) {
  const std::time_t time = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  if (::gmtime_r(&time, &parts) == nullptr) {
    return fmt::format("{} s", unix_seconds);
  }
  char text[64];
  const size_t length = std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text, length};
}

}  // namespace flatkv::cli
