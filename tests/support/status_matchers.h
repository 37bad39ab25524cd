// Matchers and macros for Status and StatusOr in tests. Name the error you expect: there is no "is
// not OK".
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <type_traits>

#include "flatkv/base/status.h"

namespace flatkv::test {

inline const Status& StatusOf(const Status& status) { return status; }
template <typename T>
const Status& StatusOf(const StatusOr<T>& result) {
  return result.status();
}

// Matches an OK Status or StatusOr.
MATCHER(IsOk, negation ? "is not OK" : "is OK") {
  *result_listener << "which is " << StatusOf(arg).ToString();
  return StatusOf(arg).ok();
}

MATCHER_P2(StatusIsMatcher, code, message_matcher,
           "has the code " + absl::StatusCodeToString(code) + " and a message that " +
               ::testing::DescribeMatcher<std::string>(message_matcher, negation)) {
  const Status& status = StatusOf(arg);
  *result_listener << "which is " << status.ToString();
  return status.code() == code &&
         ::testing::ExplainMatchResult(message_matcher, std::string(MessageOf(status)),
                                       result_listener);
}

// StatusIs(StatusCode::kNotFound), StatusIs(StatusCode::kDataLoss, HasSubstr("wal"))
template <typename MessageMatcher>
auto StatusIs(StatusCode code, MessageMatcher message_matcher) {
  return StatusIsMatcher(code, ::testing::Matcher<std::string>(message_matcher));
}
inline auto StatusIs(StatusCode code) { return StatusIs(code, ::testing::_); }

MATCHER_P(HasReason, reason, "has the reason " + std::string(ReasonName(reason))) {
  *result_listener << "which is " << StatusOf(arg).ToString() << " with reason "
                   << std::string(ReasonName(ReasonOf(StatusOf(arg))));
  return ReasonOf(StatusOf(arg)) == reason;
}

}  // namespace flatkv::test

#define EXPECT_OK(expression) EXPECT_THAT(expression, ::flatkv::test::IsOk())
#define ASSERT_OK(expression) ASSERT_THAT(expression, ::flatkv::test::IsOk())

// Declares or assigns `lhs` from a StatusOr, or fails the test and returns from the (void)
// function.
#define ASSERT_OK_AND_ASSIGN(lhs, expression) \
  ASSERT_OK_AND_ASSIGN_IMPL(FLATKV_CONCAT(flatkv_statusor_, __COUNTER__), lhs, expression)
#define ASSERT_OK_AND_ASSIGN_IMPL(tmp, lhs, expression) \
  auto tmp = (expression);                              \
  ASSERT_OK(tmp);                                       \
  lhs = *std::move(tmp)
