#include "cli/quarantine_commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/admin_json.h"
#include "cli/errors.h"
#include "cli/output.h"
#include "cli/plan_text.h"

namespace flatkv::cli {
namespace {

std::string EntryText(const QuarantineEntry& entry) {
  // A staging directory does not say when it was made.
  const std::string time =
      entry.created_unix_seconds == 0 ? "-" : TimeText(entry.created_unix_seconds);
  return fmt::format("{}  {:<20}  {:>15} bytes  {}\n  {}\n", entry.name, time, entry.bytes,
                     entry.item, entry.reason);
}

}  // namespace

Status RunQuarantineList(const AdminSession& session) {
  ASSIGN_OR_RETURN(const std::vector<QuarantineEntry> entries, session.admin.ListQuarantine());
  if (session.json) {
    OrderedJson list = OrderedJson::array();
    for (const QuarantineEntry& entry : entries) {
      list.push_back(ToJson(entry));
    }
    PrintJsonLine({{"mode", session.access.mode()}, {"entries", std::move(list)}});
    return OkStatus();
  }
  fmt::print("{}{}", ModeLine(session.access), entries.empty() ? "the quarantine is empty\n" : "");
  for (const QuarantineEntry& entry : entries) {
    fmt::print("{}", EntryText(entry));
  }
  return OkStatus();
}

Status RunQuarantineRemove(const AdminSession& session, const std::string& name,
                           const ConfirmOptions& confirm, Person& person) {
  ASSIGN_OR_RETURN(const std::vector<QuarantineEntry> entries, session.admin.ListQuarantine());
  const auto entry = std::find_if(entries.begin(), entries.end(),
                                  [&name](const QuarantineEntry& e) { return e.name == name; });
  if (entry == entries.end()) {
    return WithHint(NotFound(fmt::format("the quarantine has no entry {}", name)),
                    "flatkv quarantine list shows the entries");
  }
  if (session.json) {
    PrintJsonLine({{"mode", session.access.mode()}, {"plan", {{"entry", ToJson(*entry)}}}});
  } else {
    fmt::print("{}plan: remove for good\n{}", ModeLine(session.access), EntryText(*entry));
  }
  if (confirm.dry_run) {
    return OkStatus();
  }
  RETURN_IF_ERROR(Confirm(confirm, name, person));
  RETURN_IF_ERROR(session.admin.RemoveQuarantine(name));
  if (session.json) {
    PrintJsonLine({{"mode", session.access.mode()}, {"removed", name}});
  } else {
    fmt::print("{} is removed\n", name);
  }
  return OkStatus();
}

}  // namespace flatkv::cli
