#include "cli/diff_command.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/row_text.h"
#include "flatkv/base/hex.h"

namespace flatkv::cli {
namespace {

// Of a value on a line for people; JSON has all of it.
constexpr size_t kValueBytesShown = 64;

std::string_view KindOfChange(const KeyChange& change) {
  return !change.before.has_value() ? "added" : !change.after.has_value() ? "removed" : "changed";
}

OrderedJson ValueJson(const std::optional<std::string_view>& value) {
  return value.has_value() ? OrderedJson(HexEncode(*value)) : OrderedJson();
}

std::string ValueText(const std::optional<std::string_view>& value) {
  return value.has_value() ? CutHex(*value, kValueBytesShown) : "none";
}

void Print(const StateSession& session, const DiffCommandOptions& options,
           const KeyChange& change) {
  if (!session.json) {
    fmt::print("{} {} {}\n", KindOfChange(change), change.module, CutHex(change.key, SIZE_MAX));
    if (options.values) {
      fmt::print("  before  {}\n  after   {}\n", ValueText(change.before), ValueText(change.after));
    }
    return;
  }
  OrderedJson line = {
      {"module", change.module}, {"key", HexEncode(change.key)}, {"change", KindOfChange(change)}};
  if (options.values) {
    line["before"] = ValueJson(change.before);
    line["after"] = ValueJson(change.after);
  }
  PrintJsonLine(line);
}

}  // namespace

Status RunDiff(const StateSession& session, const DiffCommandOptions& options,
               const std::function<bool()>& interrupted) {
  CatchInterrupts();
  if (!session.json) {
    fmt::print("{}", ModeLine(session.access));
  }
  const DiffOptions diff = {.from = options.from,
                            .to = options.to,
                            .module = options.module,
                            .with_values = options.values};
  uint64_t changes = 0;
  bool is_cut = false;
  const StatusOr<DiffMethod> method = session.state.Diff(
      diff,
      [&](const KeyChange& change) {
        if (options.limit != 0 && changes == options.limit) {
          is_cut = true;
          return OutOfRange("the limit is reached");  // ends the walk
        }
        ++changes;
        Print(session, options, change);
        return OkStatus();
      },
      [&interrupted] { return !interrupted(); });
  if (!method.ok() && !is_cut) {
    return method.status();
  }
  if (session.json) {
    OrderedJson line = {{"mode", session.access.mode()},
                        {"from", options.from},
                        {"to", options.to},
                        {"changes", changes},
                        {"complete", !is_cut}};
    line["method"] = !method.ok()                   ? OrderedJson()
                     : *method == DiffMethod::kWalk ? OrderedJson("walk")
                                                    : OrderedJson("changelog");
    PrintJsonLine(line);
  } else {
    fmt::print("{} keys differ between versions {} and {}{}\n", changes, options.from, options.to,
               is_cut ? ", and there are more" : "");
  }
  return OkStatus();
}

}  // namespace flatkv::cli
