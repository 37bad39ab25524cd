#include "cli/confirm.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/unit/cli/fake_admin.h"

namespace flatkv::cli {
namespace {

using test::HasReason;

TEST(Confirm, AsksOnlyAPersonAndTakesOnlyTheExactWord) {
  FakePerson person;
  ConfirmOptions options;
  EXPECT_THAT(Confirm(options, "1200", person), HasReason(Reason::kConfirmationNeeded));
  for (const char* answer : {"", "y", "yes", "120", "1200 ", "12000"}) {
    person.answer = answer;
    EXPECT_THAT(Confirm(options, "1200", person), HasReason(Reason::kConfirmationNeeded)) << answer;
  }
  person.answer = "1200";
  EXPECT_OK(Confirm(options, "1200", person));
  person.answer.reset();
  options.yes = true;
  EXPECT_OK(Confirm(options, "1200", person));
}

TEST(Confirm, QuotesTheCommandForAShell) {
  const char* const words[] = {"flatkv", "rollback", "--to", "5", "--home", "/my home", "it's", ""};
  EXPECT_EQ(ShellQuote(8, words), "flatkv rollback --to 5 --home '/my home' 'it'\\''s' ''");
}

}  // namespace
}  // namespace flatkv::cli
