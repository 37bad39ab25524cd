// scrub ..., support-bundle.
#include <memory>

#include "cli/command_set.h"
#include "cli/support_bundle.h"
#include "cli/upkeep_commands.h"

namespace flatkv::cli {
namespace {

void RegisterScrub(CommandSet& commands) {
  struct Action {
    const char* name;
    const char* summary;
    ScrubAction action;
  };
  CLI::App* group = commands.AddGroup("scrub", "The verification that a daemon does all the time");
  for (const Action& entry :
       {Action{"status", "How far it is, and what it found", ScrubAction::kStatus},
        Action{"start", "Begin a pass now, paused or not", ScrubAction::kStart},
        Action{"pause", "Stop reading until resume or start", ScrubAction::kPause},
        Action{"resume", "Go on after a pause", ScrubAction::kResume}}) {
    commands.AddOnAdmin(
        group, entry.name, entry.summary,
        "Examples:\n  flatkv scrub status\n  flatkv scrub start --home /var/lib/flatkv --json\n"
        "JSON: {mode, state, interval_seconds, bytes_per_second, phase, started_unix_seconds, "
        "bytes,\n"
        "last_end_unix_seconds, last_seconds, last_bytes, last_findings, findings, "
        "bytes_since_open,\n"
        "passes_since_open, error}",
        [action = entry.action](const AdminSession& session) { return RunScrub(session, action); });
  }
}

void RegisterSupportBundle(CommandSet& commands) {
  const auto typed = std::make_shared<BundleOptions>();
  CLI::App* bundle = commands.AddOnAdmin(
      nullptr, "support-bundle", "Collect what somebody needs who looks into a problem",
      "Examples:\n  flatkv support-bundle --to /tmp/bundle\n"
      "  flatkv support-bundle --to /tmp/bundle --blocks 20 --home /var/lib/flatkv --json\n"
      "What cannot be had is named in MANIFEST with the reason. The change sets hold keys and "
      "values of\n"
      "the chain; nothing in it is secret to flatkv. JSON: {mode, to, parts: [{name, bytes, "
      "error}]}",
      [&commands, typed](const AdminSession& session) {
        return RunSupportBundle(session, commands.target(), *typed);
      });
  bundle->add_option("--to", typed->to, "Directory to make")->required()->type_name("DIR");
  bundle->add_option("--blocks", typed->blocks, "Change sets of so many last versions [10]")
      ->type_name("K")
      ->check(CLI::Range(uint64_t{0}, uint64_t{10'000}));
}

}  // namespace

void RegisterUpkeep(CommandSet& commands) {
  RegisterCompact(commands);
  RegisterScrub(commands);
  RegisterSupportBundle(commands);
}

}  // namespace flatkv::cli
