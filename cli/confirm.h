// Asking before something is destroyed. A destructive command prints its plan, then calls Confirm,
// then acts.
#pragma once

#include <string>
#include <string_view>

#include "flatkv/base/status.h"

namespace flatkv::cli {

struct ConfirmOptions {
  bool yes = false;      // --yes
  bool dry_run = false;  // --dry-run: the plan and nothing else
  std::string command;   // as it was typed, quoted for a shell
};

// Who is asked. Replaced in tests.
class Person {
 public:
  virtual ~Person() = default;
  virtual bool present() const = 0;
  // One line, without its newline; empty at the end of the input.
  virtual std::string Ask(std::string_view question) = 0;
};
// Standard input and standard error, when both are a terminal.
Person& Terminal();

// OK when the step may be taken: --yes, or the person typed `word`. REQUIRES: !options.dry_run.
// Errors: kFailedPrecondition with Reason::kConfirmationNeeded; nothing was changed then.
Status Confirm(const ConfirmOptions& options, std::string_view word, Person& person);

// The words of a command line as a shell takes them.
std::string ShellQuote(int argc, const char* const* argv);

}  // namespace flatkv::cli
