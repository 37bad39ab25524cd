#include "flatkv/base/status.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace flatkv {
namespace {

constexpr char kReasonUrl[] = "flatkv/reason";
constexpr char kExpectedVersionUrl[] = "flatkv/expected-version";

constexpr std::string_view kReasonNamesInOrder[] = {
    "UNSPECIFIED",
    "INVALID_CHANGE_SET",
    "LIMIT_EXCEEDED",
    "VERSION_GAP",
    "VERSION_CONFLICT",
    "VERSION_PRUNED",
    "VERSION_ABOVE_HEAD",
    "POISONED",
    "CLOSED",
    "LOCKED",
    "SUITE_MISMATCH",
    "INCOMPATIBLE_FORMAT",
    "CHANGELOG_CORRUPT",
    "DATA_DB_CORRUPT",
    "ROOT_MISMATCH",
    "SNAPSHOT_CORRUPT",
    "SNAPSHOT_MISSING",
    "VERSION_UNREACHABLE",
    "SNAPSHOT_IN_USE",
    "OPERATION_IN_PROGRESS",
    "ROLLED_BACK",
    "RECOVERY_AMBIGUOUS",
    "DIRTY_STORE",
    "CONFIRMATION_NEEDED",
    "ARCHIVE_CORRUPT",
};
constexpr auto kReasonNames = std::to_array(kReasonNamesInOrder);
static_assert(kReasonNames.size() == static_cast<size_t>(kLastReason) + 1);

std::optional<std::string> PayloadOf(const Status& status, const char* url) {
  auto payload = status.GetPayload(url);
  if (!payload.has_value()) {
    return std::nullopt;
  }
  return std::string(*payload);
}

void CopyPayloads(const Status& from, Status* to) {
  from.ForEachPayload(
      [to](absl::string_view url, const absl::Cord& payload) { to->SetPayload(url, payload); });
}

StatusCode CodeOfErrno(int error_number) {
  switch (error_number) {
    case ENOENT:
      return StatusCode::kNotFound;
    case EEXIST:
      return StatusCode::kAlreadyExists;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case EMLINK:
      return StatusCode::kResourceExhausted;
    default:
      return StatusCode::kUnknown;
  }
}

}  // namespace

Status MakeStatus(StatusCode code, std::string_view message) {
  return Status(code, absl::string_view(message.data(), message.size()));
}
Status InvalidArgument(std::string_view message) {
  return MakeStatus(StatusCode::kInvalidArgument, message);
}
Status NotFound(std::string_view message) { return MakeStatus(StatusCode::kNotFound, message); }
Status OutOfRange(std::string_view message) { return MakeStatus(StatusCode::kOutOfRange, message); }
Status AlreadyExists(std::string_view message) {
  return MakeStatus(StatusCode::kAlreadyExists, message);
}
Status FailedPrecondition(std::string_view message) {
  return MakeStatus(StatusCode::kFailedPrecondition, message);
}
Status Unavailable(std::string_view message) {
  return MakeStatus(StatusCode::kUnavailable, message);
}
Status ResourceExhausted(std::string_view message) {
  return MakeStatus(StatusCode::kResourceExhausted, message);
}
Status DataLoss(std::string_view message) { return MakeStatus(StatusCode::kDataLoss, message); }
Status Internal(std::string_view message) { return MakeStatus(StatusCode::kInternal, message); }
Status Cancelled(std::string_view message) { return MakeStatus(StatusCode::kCancelled, message); }
Status Aborted(std::string_view message) { return MakeStatus(StatusCode::kAborted, message); }
Status Unimplemented(std::string_view message) {
  return MakeStatus(StatusCode::kUnimplemented, message);
}

Status ErrnoStatus(std::string_view operation, std::string_view path, int error_number) {
  char buffer[128];
  // GNU strerror_r: thread-safe, may return a static string instead of filling the buffer.
  const char* text = strerror_r(error_number, buffer, sizeof(buffer));
  const char* name = strerrorname_np(error_number);
  return MakeStatus(CodeOfErrno(error_number),
                    fmt::format("{} {}: {} ({})", operation, path, text,
                                name != nullptr ? name : "unknown errno"));
}

Status Annotate(const Status& status, std::string_view context) {
  if (status.ok()) {
    return status;
  }
  Status annotated = MakeStatus(status.code(), fmt::format("{}: {}", context, MessageOf(status)));
  CopyPayloads(status, &annotated);
  return annotated;
}

Status Recode(const Status& status, StatusCode code) {
  Status recoded = MakeStatus(code, MessageOf(status));
  CopyPayloads(status, &recoded);
  return recoded;
}

std::string_view ReasonName(Reason reason) { return kReasonNames[static_cast<size_t>(reason)]; }

Status WithReason(Status status, Reason reason) {
  const std::string_view name = ReasonName(reason);
  status.SetPayload(kReasonUrl, absl::Cord(absl::string_view(name.data(), name.size())));
  return status;
}

Reason ReasonOf(const Status& status) {
  const std::optional<std::string> name = PayloadOf(status, kReasonUrl);
  if (name.has_value()) {
    for (size_t i = 0; i < kReasonNames.size(); ++i) {
      if (kReasonNames[i] == *name) {
        return static_cast<Reason>(i);
      }
    }
  }
  return Reason::kUnspecified;
}

Status WithExpectedVersion(Status status, int64_t version) {
  status.SetPayload(kExpectedVersionUrl, absl::Cord(std::to_string(version)));
  return status;
}

std::optional<int64_t> ExpectedVersionOf(const Status& status) {
  const std::optional<std::string> text = PayloadOf(status, kExpectedVersionUrl);
  int64_t version = 0;
  if (!text.has_value() ||
      std::from_chars(text->data(), text->data() + text->size(), version).ec != std::errc()) {
    return std::nullopt;
  }
  return version;
}

}  // namespace flatkv
