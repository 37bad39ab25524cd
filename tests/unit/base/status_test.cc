#include "flatkv/base/status.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "tests/support/status_matchers.h"

namespace flatkv {
namespace {

using test::HasReason;
using test::IsOk;
using test::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Status, FactoriesSetCodeAndMessage) {
  EXPECT_THAT(InvalidArgument("m"), StatusIs(StatusCode::kInvalidArgument, "m"));
  EXPECT_THAT(NotFound("m"), StatusIs(StatusCode::kNotFound, "m"));
  EXPECT_THAT(OutOfRange("m"), StatusIs(StatusCode::kOutOfRange, "m"));
  EXPECT_THAT(AlreadyExists("m"), StatusIs(StatusCode::kAlreadyExists, "m"));
  EXPECT_THAT(FailedPrecondition("m"), StatusIs(StatusCode::kFailedPrecondition, "m"));
  EXPECT_THAT(Unavailable("m"), StatusIs(StatusCode::kUnavailable, "m"));
  EXPECT_THAT(ResourceExhausted("m"), StatusIs(StatusCode::kResourceExhausted, "m"));
  EXPECT_THAT(DataLoss("m"), StatusIs(StatusCode::kDataLoss, "m"));
  EXPECT_THAT(Internal("m"), StatusIs(StatusCode::kInternal, "m"));
  EXPECT_THAT(Unimplemented("m"), StatusIs(StatusCode::kUnimplemented, "m"));
}

TEST(ErrnoStatus, NamesOperationPathAndErrno) {
  EXPECT_THAT(ErrnoStatus("open", "a/b", EACCES),
              StatusIs(StatusCode::kUnknown, "open a/b: Permission denied (EACCES)"));
  EXPECT_THAT(ErrnoStatus("open", "a", 9999),
              StatusIs(StatusCode::kUnknown, HasSubstr("9999 (unknown errno)")));
}

TEST(ErrnoStatus, MapsTheErrnosThatCallersTellApart) {
  for (const int error_number : {ENOSPC, EDQUOT, EMFILE, ENFILE, EMLINK}) {
    EXPECT_THAT(ErrnoStatus("op", "p", error_number), StatusIs(StatusCode::kResourceExhausted));
  }
  EXPECT_THAT(ErrnoStatus("op", "p", ENOENT), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(ErrnoStatus("op", "p", EEXIST), StatusIs(StatusCode::kAlreadyExists));
  for (const int error_number : {EIO, EROFS, EXDEV, ENOTDIR, ENOTEMPTY}) {
    EXPECT_THAT(ErrnoStatus("op", "p", error_number), StatusIs(StatusCode::kUnknown));
  }
}

TEST(Status, AnnotateKeepsCodeReasonAndVersion) {
  const Status status =
      WithExpectedVersion(WithReason(FailedPrecondition("gap"), Reason::kVersionGap), 7);
  const Status annotated = Annotate(status, "commit 9");
  EXPECT_THAT(annotated, StatusIs(StatusCode::kFailedPrecondition, "commit 9: gap"));
  EXPECT_THAT(annotated, HasReason(Reason::kVersionGap));
  EXPECT_EQ(ExpectedVersionOf(annotated), 7);
  EXPECT_THAT(Annotate(OkStatus(), "commit 9"), IsOk());
}

TEST(Status, RecodeKeepsMessageAndReason) {
  const Status status = WithReason(Internal("m"), Reason::kLocked);
  const Status recoded = Recode(status, StatusCode::kDataLoss);
  EXPECT_THAT(recoded, StatusIs(StatusCode::kDataLoss, "m"));
  EXPECT_THAT(recoded, HasReason(Reason::kLocked));
}

TEST(Reason, IsUnspecifiedWhereNoneWasSet) {
  EXPECT_THAT(Internal("m"), HasReason(Reason::kUnspecified));
  EXPECT_THAT(OkStatus(), HasReason(Reason::kUnspecified));
  EXPECT_EQ(ExpectedVersionOf(Internal("m")), std::nullopt);
}

TEST(Reason, SurvivesItsNameForEveryReason) {
  std::set<std::string> names;
  for (int i = 0; i <= static_cast<int>(kLastReason); ++i) {
    const auto reason = static_cast<Reason>(i);
    EXPECT_THAT(WithReason(Internal("m"), reason), HasReason(reason));
    names.emplace(ReasonName(reason));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(kLastReason) + 1);
  EXPECT_EQ(ReasonName(Reason::kVersionGap), "VERSION_GAP");
  EXPECT_EQ(ReasonName(Reason::kRootMismatch), "ROOT_MISMATCH");
}

TEST(Status, ExpectedVersionMayBeNegativeAndLarge) {
  for (const int64_t version : {int64_t{-1}, int64_t{0}, INT64_MAX, INT64_MIN}) {
    EXPECT_EQ(ExpectedVersionOf(WithExpectedVersion(Internal("m"), version)), version);
  }
}

StatusOr<std::unique_ptr<int>> MakeInt(int value) {
  if (value < 0) {
    return WithReason(OutOfRange("negative"), Reason::kLimitExceeded);
  }
  return std::make_unique<int>(value);
}

StatusOr<int> AddInts(int a, int b) {
  ASSIGN_OR_RETURN(const std::unique_ptr<int> first, MakeInt(a));
  std::unique_ptr<int> second;
  ASSIGN_OR_RETURN(second, MakeInt(b));
  return *first + *second;
}

Status CheckInts(int a, int b, bool* reached) {
  RETURN_IF_ERROR(MakeInt(a).status());
  RETURN_IF_ERROR(AddInts(a, b).status());
  *reached = true;
  return OkStatus();
}

TEST(StatusMacros, AssignMovesTheValueOrReturnsTheError) {
  EXPECT_EQ(*AddInts(1, 2), 3);
  EXPECT_THAT(AddInts(-1, 2), StatusIs(StatusCode::kOutOfRange, "negative"));
  EXPECT_THAT(AddInts(1, -2), HasReason(Reason::kLimitExceeded));
}

TEST(StatusMacros, ReturnIfErrorStopsAtTheFirstError) {
  bool reached = false;
  EXPECT_THAT(CheckInts(1, -2, &reached), StatusIs(StatusCode::kOutOfRange));
  EXPECT_FALSE(reached);
  EXPECT_THAT(CheckInts(1, 2, &reached), IsOk());
  EXPECT_TRUE(reached);
}

TEST(StatusMatchers, TellStatusesApart) {
  EXPECT_THAT(OkStatus(), IsOk());
  EXPECT_THAT(Internal("m"), Not(IsOk()));
  EXPECT_THAT(AddInts(1, 2), IsOk());
  EXPECT_THAT(AddInts(-1, 2), Not(IsOk()));
  EXPECT_THAT(Internal("m"), Not(StatusIs(StatusCode::kDataLoss)));
  EXPECT_THAT(Internal("m"), Not(StatusIs(StatusCode::kInternal, "n")));
  EXPECT_THAT(Internal("m"), Not(HasReason(Reason::kLocked)));
}

}  // namespace
}  // namespace flatkv
