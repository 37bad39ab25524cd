// rollback, reorg, prune: what they print, ask and do.
#include "cli/history_commands.h"

#include <gmock/gmock.h>

#include <fstream>

#include "cli/errors.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/cli/admin_fixture.h"

namespace flatkv::cli {
namespace {

using nlohmann::json;
using test::HasReason;
using test::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const Pin kPin = {"1a2b3c4d5e6f7081", 7, "audit", 1700000000};

RollbackPlan Plan() {
  RollbackPlan plan;
  plan.from = 9;
  plan.target = 5;
  plan.target_root = DigestOf(0x11);
  plan.method = RollbackMethod::kReplay;
  plan.base = 4;
  plan.replay_from = 5;
  plan.removed_snapshots = {7};
  plan.removed_pins = {kPin};
  plan.steps = {"current becomes snapshot 4", "the changelog is cut above version 5"};
  return plan;
}

class HistoryCommandsTest : public AdminCommandsTest {
 protected:
  HistoryCommandsTest() { admin_.rollback_plan = Plan(); }

  std::string Rollback(bool as_json) {
    RollbackOptions options;
    options.to = 5;
    options.confirm = confirm_;
    return Run([&] { return RunRollback(Session(as_json), options, person_); });
  }
};

TEST_F(HistoryCommandsTest, RollbackWithoutATerminalAndWithoutYesShowsThePlanAndChangesNothing) {
  const std::string output = Rollback(false);
  EXPECT_THAT(status_,
              AllOf(StatusIs(StatusCode::kFailedPrecondition, HasSubstr("nothing was changed")),
                    HasReason(Reason::kConfirmationNeeded)));
  EXPECT_EQ(CommandExitCode(status_), kExitConfirmation);
  EXPECT_EQ(HintOf(status_), "to do it: flatkv something --yes");
  EXPECT_THAT(
      output,
      AllOf(HasSubstr("offline: store in ./run\n"), HasSubstr("head      9 now, 5 afterwards\n"),
            HasSubstr("gives up  versions 6 to 9\n"), HasSubstr("method    replay"),
            HasSubstr("  1. current becomes snapshot 4\n"), HasSubstr("removes   snapshots 7\n"),
            HasSubstr("pin 1a2b3c4d5e6f7081 of snapshot 7: audit")));
  EXPECT_THAT(admin_.done, IsEmpty());
}

TEST_F(HistoryCommandsTest, ADryRunPrintsExactlyThePlanInTextAndJsonAndSucceeds) {
  for (const bool as_json : {false, true}) {
    confirm_.dry_run = false;
    const std::string unconfirmed = Rollback(as_json);
    confirm_.dry_run = true;
    EXPECT_EQ(Rollback(as_json), unconfirmed);
    EXPECT_OK(status_);
  }
  EXPECT_THAT(admin_.done, IsEmpty());
  const std::vector<json> lines = Lines(Rollback(true));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["mode"], "offline");
  const json& plan = lines[0]["plan"];
  EXPECT_EQ(plan["from"], 9);
  EXPECT_EQ(plan["target"], 5);
  EXPECT_EQ(plan["method"], "replay");
  EXPECT_EQ(plan["base"], 4);
  EXPECT_EQ(plan["replay_from"], 5);
  EXPECT_EQ(plan["removed_snapshots"], json({7}));
  EXPECT_EQ(plan["removed_pins"][0]["id"], kPin.id);
  EXPECT_EQ(plan["steps"].size(), 2u);
}

TEST_F(HistoryCommandsTest, ARollbackToTheHeadItselfHasNoMethod) {
  RollbackPlan plan = Plan();
  plan.from = plan.target;
  admin_.rollback_plan = plan;
  confirm_.dry_run = true;
  EXPECT_THAT(Rollback(false), AllOf(HasSubstr("gives up  nothing"), Not(HasSubstr("method"))));
}

TEST_F(HistoryCommandsTest, APersonWhoTypesTheVersionGoesOnAndAnotherWordDoesNot) {
  person_.answer = "yes";
  Rollback(false);
  EXPECT_THAT(status_, HasReason(Reason::kConfirmationNeeded));
  EXPECT_THAT(admin_.done, IsEmpty());
  EXPECT_THAT(person_.asked, HasSubstr("Type 5 "));
  person_.answer = "5";
  const std::string output = Rollback(false);
  EXPECT_OK(status_);
  EXPECT_THAT(admin_.done, ElementsAre("rollback 5 0"));
  EXPECT_THAT(output, HasSubstr("rolled back in 0.50 s: version 5, root 1111"));
}

TEST_F(HistoryCommandsTest, WithYesNobodyIsAskedAndJsonHasPlanAndResult) {
  confirm_.yes = true;
  const std::vector<json> lines = Lines(Rollback(true));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[1]["version"], 5);
  EXPECT_EQ(lines[1]["method"], "replay");
  EXPECT_EQ(lines[1]["root"].get<std::string>().size(), 64u);
  EXPECT_EQ(person_.asked, "");
}

TEST_F(HistoryCommandsTest, AVersionThatCannotBeReachedAsksNothing) {
  admin_.rollback_plan = WithReason(OutOfRange("no snapshot"), Reason::kVersionUnreachable);
  confirm_.yes = true;
  EXPECT_EQ(Rollback(false), "");
  EXPECT_EQ(CommandExitCode(status_), kExitNotFound);
  EXPECT_THAT(HintOf(status_), HasSubstr("flatkv status"));
  EXPECT_THAT(admin_.done, IsEmpty());
}

TEST_F(HistoryCommandsTest, ReorgPlansTheRollbackBeforeItsFirstVersionAndCommitsTheFile) {
  test::TempDir dir;
  ReorgOptions options;
  options.file = dir.File("fork.jsonl");
  options.confirm = confirm_;
  std::ofstream(options.file)
      << "{\"version\":6,\"changesets\":[{\"name\":\"bank\",\"pairs\":[{\"key\":\"01\",\"value\":"
         "\"02\"}]}]}\n{\"version\":7,\"changesets\":[]}\n";
  std::string output = Run([&] { return RunReorg(Session(false), options, person_); });
  EXPECT_EQ(CommandExitCode(status_), kExitConfirmation);
  EXPECT_EQ(admin_.planned, 5);
  EXPECT_THAT(output, AllOf(HasSubstr("head      9 now, 7 afterwards"),
                            HasSubstr("gives up  versions 6 to 9, by replay"),
                            HasSubstr("commits   versions 6 to 7")));
  options.confirm.yes = true;
  const std::vector<json> lines =
      Lines(Run([&] { return RunReorg(Session(true), options, person_); }));
  EXPECT_OK(status_);
  EXPECT_THAT(admin_.done, ElementsAre("reorg 6 1", "reorg 7 0"));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["plan"]["first"], 6);
  EXPECT_EQ(lines[0]["plan"]["last"], 7);
  EXPECT_EQ(lines[0]["plan"]["rollback"]["target"], 5);
  EXPECT_EQ(lines[1]["already_done"], false);
  EXPECT_EQ(lines[1]["versions"].size(), 2u);
}

TEST_F(HistoryCommandsTest, ReorgRefusesAFileWithAGapOrWithoutVersionsBeforeItAsksTheStore) {
  test::TempDir dir;
  ReorgOptions options;
  options.file = dir.File("fork.jsonl");
  options.confirm.yes = true;
  std::ofstream(options.file)
      << "{\"version\":6,\"changesets\":[]}\n{\"version\":8,\"changesets\":[]}\n";
  Run([&] { return RunReorg(Session(false), options, person_); });
  EXPECT_THAT(status_, StatusIs(StatusCode::kInvalidArgument, HasSubstr(":2: version 8 follows")));
  std::ofstream(options.file) << "\n";
  Run([&] { return RunReorg(Session(false), options, person_); });
  EXPECT_THAT(status_, StatusIs(StatusCode::kInvalidArgument, HasSubstr("holds no version")));
  EXPECT_EQ(admin_.planned, -1);
}

TEST_F(HistoryCommandsTest, PruneWithNothingToDoAsksNothing) {
  PruneOptions options;
  options.confirm = confirm_;
  EXPECT_THAT(Run([&] { return RunPrune(Session(false), options, person_); }),
              HasSubstr("nothing to prune"));
  EXPECT_OK(status_);
  admin_.prune_plan = {{3, 4}, 5};
  options.keep_recent = 1;
  const std::string output = Run([&] { return RunPrune(Session(false), options, person_); });
  EXPECT_EQ(CommandExitCode(status_), kExitConfirmation);
  EXPECT_THAT(output, AllOf(HasSubstr("snapshots 3, 4"), HasSubstr("below version 5")));
  EXPECT_THAT(admin_.done, IsEmpty());
  person_.answer = "prune";
  EXPECT_THAT(Run([&] { return RunPrune(Session(false), options, person_); }),
              HasSubstr("pruned: snapshots 3, 4; changelog segments below version 5\n"));
  EXPECT_OK(status_);
  EXPECT_THAT(admin_.done, ElementsAre("prune 1"));
}

}  // namespace
}  // namespace flatkv::cli
