#include "cli/confirm.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "cli/errors.h"
#include "flatkv/base/check.h"

namespace flatkv::cli {
namespace {

class TerminalPerson final : public Person {
 public:
  bool present() const override {
    return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1;
  }
  std::string Ask(std::string_view question) override {
    std::fflush(stdout);
    fmt::print(stderr, "{}", question);
    std::fflush(stderr);
    std::string line;
    for (int c = std::getchar(); c != EOF && c != '\n'; c = std::getchar()) {
      line.push_back(static_cast<char>(c));
    }
    return line;
  }
};

Status NotConfirmed(const ConfirmOptions& options, std::string_view what) {
  return WithHint(WithReason(FailedPrecondition(fmt::format("{}; nothing was changed", what)),
                             Reason::kConfirmationNeeded),
                  fmt::format("to do it: {} --yes", options.command));
}

bool IsPlain(std::string_view word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,/:@%";
  return !word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos;
}

}  // namespace

Person& Terminal() {
  static TerminalPerson person;
  return person;
}

Status Confirm(const ConfirmOptions& options, std::string_view word, Person& person) {
  FLATKV_CHECK(!options.dry_run);
  if (options.yes) {
    return OkStatus();
  }
  if (!person.present()) {
    return NotConfirmed(options, "this needs a confirmation");
  }
  const std::string typed = person.Ask(fmt::format("Type {} to go on: ", word));
  return typed == word ? OkStatus() : NotConfirmed(options, "not confirmed");
}

std::string ShellQuote(int argc, const char* const* argv) {
  std::string line;
  for (int i = 0; i < argc; ++i) {
    const std::string_view word = argv[i];
    line += i == 0 ? "" : " ";
    if (IsPlain(word)) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) {
      if (c == '\'') {
        line += "'\\''";
      } else {
        line += c;
      }
    }
    line += '\'';
  }
  return line;
}

}  // namespace flatkv::cli
