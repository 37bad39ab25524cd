#include "cli/errors.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace flatkv::cli {
namespace {

constexpr char kHintUrl[] = "flatkv/cli-hint";

}  // namespace

Status WithHint(Status status, std::string_view hint) {
  status.SetPayload(kHintUrl, absl::Cord(absl::string_view(hint.data(), hint.size())));
  return status;
}

std::string HintOf(const Status& status) {
  const auto payload = status.GetPayload(kHintUrl);
  return payload.has_value() ? std::string(*payload) : std::string();
}

ExitCode CommandExitCode(const Status& status) {
  switch (ReasonOf(status)) {
    case Reason::kVersionGap:
      return kExitNotFound;
    case Reason::kLimitExceeded:
      return kExitUsage;
    default:
      break;
  }
  switch (status.code()) {
    case StatusCode::kAlreadyExists:
      return kExitRootMismatch;
    case StatusCode::kDeadlineExceeded:
      return kExitDaemonUnreachable;
    case StatusCode::kCancelled:
      return kExitInterrupted;
    default:
      return ExitCodeOf(status);
  }
}

std::string RenderError(const Status& status, bool json) {
  const std::string hint = HintOf(status);
  if (!json) {
    std::string text = fmt::format("flatkv: {}\n", MessageOf(status));
    if (!hint.empty()) {
      text += fmt::format("  {}\n", hint);
    }
    return text;
  }
  nlohmann::ordered_json error;
  error["code"] = absl::StatusCodeToString(status.code());
  if (const Reason reason = ReasonOf(status); reason != Reason::kUnspecified) {
    error["reason"] = ReasonName(reason);
  }
  if (const auto expected = ExpectedVersionOf(status); expected.has_value()) {
    error["expected_version"] = *expected;
  }
  error["message"] = MessageOf(status);
  if (!hint.empty()) {
    error["hint"] = hint;
  }
  error["exit_code"] = static_cast<int>(CommandExitCode(status));
  const nlohmann::ordered_json document = {{"error", std::move(error)}};
  // A message may quote bytes of a file that are no UTF-8.
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace flatkv::cli
