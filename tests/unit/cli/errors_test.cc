#include "cli/errors.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace flatkv::cli {
namespace {

TEST(CommandErrors, JsonCarriesCodeReasonExpectedVersionAndHint) {
  const Status status = WithHint(
      WithExpectedVersion(WithReason(FailedPrecondition("send 7"), Reason::kVersionGap), 7),
      "do it");
  EXPECT_EQ(RenderError(status, true),
            "{\"error\":{\"code\":\"FAILED_PRECONDITION\",\"reason\":\"VERSION_GAP\",\"expected_"
            "version\":7,"
            "\"message\":\"send 7\",\"hint\":\"do it\",\"exit_code\":4}}\n");
}

TEST(CommandErrors, JsonLeavesOutWhatThereIsNot) {
  EXPECT_EQ(RenderError(InvalidArgument("bad \"x\""), true),
            "{\"error\":{\"code\":\"INVALID_ARGUMENT\",\"message\":\"bad "
            "\\\"x\\\"\",\"exit_code\":2}}\n");
}

TEST(CommandErrors, JsonStaysValidForBytesThatAreNoUtf8) {
  const auto document = nlohmann::json::parse(RenderError(NotFound("\xff\xfe"), true));
  EXPECT_EQ(document["error"]["exit_code"], 4);
}

TEST(CommandErrors, TextNamesTheProgramAndTheHint) {
  EXPECT_EQ(RenderError(WithHint(NotFound("no store"), "make one"), false),
            "flatkv: no store\n  make one\n");
  EXPECT_EQ(RenderError(NotFound("no store"), false), "flatkv: no store\n");
}

TEST(CommandErrors, EveryReasonHasAHintThatACommandCanOverride) {
  for (int i = 1; i <= static_cast<int>(kLastReason); ++i) {
    const Status status = WithReason(FailedPrecondition("x"), static_cast<Reason>(i));
    EXPECT_FALSE(HintOf(status).empty()) << ReasonName(static_cast<Reason>(i));
    EXPECT_EQ(HintOf(WithHint(status, "better")), "better");
  }
  EXPECT_EQ(HintOf(FailedPrecondition("x")), "");
}

TEST(CommandErrors, HintsOfRecoveryNameTheirCommands) {
  const auto hint = [](Reason reason) { return HintOf(WithReason(DataLoss("x"), reason)); };
  EXPECT_NE(hint(Reason::kVersionUnreachable).find("flatkv status"), std::string::npos);
  EXPECT_NE(hint(Reason::kSnapshotInUse).find("flatkv snapshot unpin"), std::string::npos);
  EXPECT_NE(hint(Reason::kRecoveryAmbiguous).find("flatkv recover --select"), std::string::npos);
  EXPECT_NE(hint(Reason::kDirtyStore).find("on-dirty-store"), std::string::npos);
  EXPECT_NE(hint(Reason::kConfirmationNeeded).find("--yes"), std::string::npos);
}

TEST(CommandErrors, HintsSurviveAnnotation) {
  EXPECT_EQ(HintOf(Annotate(WithHint(Unavailable("x"), "wait"), "step")), "wait");
}

TEST(CommandErrors, ExitCodesAreThoseOfTheContract) {
  EXPECT_EQ(CommandExitCode(OkStatus()), 0);
  EXPECT_EQ(CommandExitCode(FailedPrecondition("")), 1);
  EXPECT_EQ(CommandExitCode(InvalidArgument("")), 2);
  EXPECT_EQ(CommandExitCode(WithReason(FailedPrecondition(""), Reason::kConfirmationNeeded)), 3);
  EXPECT_EQ(CommandExitCode(NotFound("")), 4);
  EXPECT_EQ(CommandExitCode(OutOfRange("")), 4);
  EXPECT_EQ(CommandExitCode(WithReason(FailedPrecondition(""), Reason::kVersionGap)), 4);
  EXPECT_EQ(CommandExitCode(WithReason(FailedPrecondition(""), Reason::kLocked)), 5);
  EXPECT_EQ(CommandExitCode(DataLoss("")), 6);
  EXPECT_EQ(CommandExitCode(WithReason(FailedPrecondition(""), Reason::kSuiteMismatch)), 7);
  EXPECT_EQ(CommandExitCode(WithReason(FailedPrecondition(""), Reason::kChangelogCorrupt)), 8);
  EXPECT_EQ(CommandExitCode(WithReason(Unavailable(""), Reason::kPoisoned)), 9);
  EXPECT_EQ(CommandExitCode(ResourceExhausted("")), 10);
  EXPECT_EQ(CommandExitCode(Unavailable("")), 11);
  EXPECT_EQ(CommandExitCode(WithReason(Unavailable(""), Reason::kClosed)), 11);
  EXPECT_EQ(CommandExitCode(MakeStatus(StatusCode::kDeadlineExceeded, "")), 11);
  EXPECT_EQ(CommandExitCode(WithReason(AlreadyExists(""), Reason::kVersionConflict)), 13);
  EXPECT_EQ(CommandExitCode(MakeStatus(StatusCode::kCancelled, "")), 130);
}

}  // namespace
}  // namespace flatkv::cli
