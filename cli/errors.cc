#include "cli/errors.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace flatkv::cli {
namespace {

constexpr char kHintUrl[] = "flatkv/cli-hint";

// The command that helps where the command that failed knows nothing better. Empty: none.
std::string_view DefaultHint(Reason reason) {
  switch (reason) {
    case Reason::kInvalidChangeSet:
      return "flatkv replay --help shows what a change set looks like";
    case Reason::kLimitExceeded:
      return "flatkv config show lists the limits";
    case Reason::kVersionGap:
      return "flatkv status shows the head; the next version is the one after it";
    case Reason::kVersionConflict:
      return "compare flatkv root --at V with another node: the two have diverged";
    case Reason::kVersionPruned:
    case Reason::kVersionAboveHead:
    case Reason::kVersionUnreachable:
      return "flatkv status shows what is retained";
    case Reason::kPoisoned:
      return "flatkv status shows the cause; reopening (restarting the daemon) recovers";
    case Reason::kClosed:
      return "flatkv health tells when it serves again";
    case Reason::kLocked:
      return "ask the daemon that has it open: flatkv status --address ADDR";
    case Reason::kSuiteMismatch:
    case Reason::kIncompatibleFormat:
      return "flatkv version shows this program, flatkv config show what is configured";
    case Reason::kChangelogCorrupt:
      return "flatkv wal verify --home DIR names the first damaged record";
    case Reason::kDataDbCorrupt:
    case Reason::kRootMismatch:
      return "flatkv verify --full names everything that is damaged";
    case Reason::kSnapshotCorrupt:
      return "flatkv snapshot verify --all --full names every damaged file";
    case Reason::kSnapshotMissing:
      return "flatkv snapshot list shows those there are";
    case Reason::kSnapshotInUse:
      return "flatkv snapshot list shows who uses it; flatkv snapshot unpin ID releases a pin";
    case Reason::kOperationInProgress:
      return "repeat it when flatkv status shows that the other one is done";
    case Reason::kRolledBack:
      return "flatkv status shows the head after the rollback; start again from there";
    case Reason::kRecoveryAmbiguous:
      return "choose what to start from: flatkv recover --select V --home DIR, or "
             "--from-changelog";
    case Reason::kDirtyStore:
      return "to open it, set [recovery] on-dirty-store = \"recover\", or run once with "
             "FLATKV_RECOVERY_ON_DIRTY_STORE=recover";
    case Reason::kConfirmationNeeded:
      return "repeat it with --yes";
    case Reason::kArchiveCorrupt:
      return "flatkv archive verify PATH names every damaged chunk; copy or export it again";
    case Reason::kUnspecified:
      break;
  }
  return "";
}

}  // namespace

Status WithHint(Status status, std::string_view hint) {
  status.SetPayload(kHintUrl, absl::Cord(absl::string_view(hint.data(), hint.size())));
  return status;
}

std::string HintOf(const Status& status) {
  const auto payload = status.GetPayload(kHintUrl);
  return payload.has_value() ? std::string(*payload) : std::string(DefaultHint(ReasonOf(status)));
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
