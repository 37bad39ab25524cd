// The error model: Status and StatusOr<T>, spelled for std::string_view.
//
// A thin façade over absl::Status, whose codes are gRPC's codes one to one. Code outside this
// header never spells absl. What each code means here, and what a caller does about it:
//
//   kInvalidArgument     the request itself is wrong (key, value, name, config): fix the call
//   kNotFound            no such file or version where absence is a normal answer
//   kOutOfRange          a version below the oldest retained one or above the head: choose another
//   kAlreadyExists       a version is committed with other content: the caller has diverged
//   kFailedPrecondition  wrong version order, wrong suite, locked, newer format: an operator or a
//   caller acts kUnavailable         closed, draining or poisoned: reopen the store
//   kResourceExhausted   no space, no descriptors, request over a limit
//   kDataLoss            bytes on disk fail a check or are missing: stop and verify
//   kCancelled           the caller asked to stop
//   kAborted             what the call worked on is gone (a rollback came between): start again
//   kUnknown             a raw I/O error from the failing call itself; the store is then poisoned
//   kInternal            a state that should be impossible: a bug report
//
// Messages read "what path: cause (context)". A Reason is a stable machine-readable name beside the
// code.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace flatkv {

using Status = absl::Status;
using StatusCode = absl::StatusCode;
template <typename T>
using StatusOr = absl::StatusOr<T>;

inline Status OkStatus() { return absl::OkStatus(); }
Status MakeStatus(StatusCode code, std::string_view message);
Status InvalidArgument(std::string_view message);
Status NotFound(std::string_view message);
Status OutOfRange(std::string_view message);
Status AlreadyExists(std::string_view message);
Status FailedPrecondition(std::string_view message);
Status Unavailable(std::string_view message);
Status ResourceExhausted(std::string_view message);
Status DataLoss(std::string_view message);
Status Internal(std::string_view message);
Status Cancelled(std::string_view message);
Status Aborted(std::string_view message);
Status Unimplemented(std::string_view message);

// The status of a failed system call: "op path: strerror (ERRNO)". ENOSPC, EDQUOT, EMFILE, ENFILE
// and EMLINK become kResourceExhausted, ENOENT kNotFound, EEXIST kAlreadyExists, anything else
// kUnknown.
Status ErrnoStatus(std::string_view operation, std::string_view path, int error_number);

// The same code and reason with "context: " put before the message. OK stays OK.
Status Annotate(const Status& status, std::string_view context);
// The same message and reason under another code. REQUIRES: !status.ok().
Status Recode(const Status& status, StatusCode code);

inline std::string ToString(const Status& status) { return status.ToString(); }
// The message as a std::string_view; valid while `status` lives unchanged.
inline std::string_view MessageOf(const Status& status) {
  return {status.message().data(), status.message().size()};
}

// Stable names that travel with an error to gRPC clients (proto/flatkv/v1/error.proto) and the
// CLI's --json.
enum class Reason {
  kUnspecified,
  kInvalidChangeSet,
  kLimitExceeded,
  kVersionGap,
  kVersionConflict,
  kVersionPruned,
  kVersionAboveHead,
  kPoisoned,
  kClosed,
  kLocked,
  kSuiteMismatch,
  kIncompatibleFormat,
  kChangelogCorrupt,
  kDataDbCorrupt,
  kRootMismatch,
  kSnapshotCorrupt,      // a snapshot, `current` or a bookkeeping file of recovery is damaged
  kSnapshotMissing,      // no snapshot of that version
  kVersionUnreachable,   // no snapshot and changelog lead to the version: the message says what
                         // lacks
  kSnapshotInUse,        // current, pinned or leased
  kOperationInProgress,  // another long operation holds the store; retry
  kRolledBack,           // an iterator or view of versions that a rollback removed, or of before it
  kRecoveryAmbiguous,    // several ways to go on: an operator selects one
  kDirtyStore,           // not closed cleanly, and recovery.on-dirty-store = "fail"
  kConfirmationNeeded,   // a destructive step was not confirmed
  kArchiveCorrupt,       // an archive is damaged or malformed: the message names the chunk
};
inline constexpr Reason kLastReason = Reason::kArchiveCorrupt;
// "VERSION_GAP" and so on.
std::string_view ReasonName(Reason reason);
Status WithReason(Status status, Reason reason);
Reason ReasonOf(const Status& status);
// The version that the caller must send next, carried by kVersionGap.
Status WithExpectedVersion(Status status, int64_t version);
std::optional<int64_t> ExpectedVersionOf(const Status& status);

}  // namespace flatkv

#define FLATKV_CONCAT_INNER(a, b) a##b
#define FLATKV_CONCAT(a, b) FLATKV_CONCAT_INNER(a, b)

// Returns from the enclosing function when `expr` is not OK.
#define RETURN_IF_ERROR(expr)                                           \
  do {                                                                  \
    if (::flatkv::Status flatkv_status = (expr); !flatkv_status.ok()) { \
      return flatkv_status;                                             \
    }                                                                   \
  } while (false)

// Declares or assigns `lhs` from a StatusOr, or returns its status.
#define ASSIGN_OR_RETURN(lhs, expr) \
  FLATKV_ASSIGN_OR_RETURN_IMPL(FLATKV_CONCAT(flatkv_statusor_, __COUNTER__), lhs, expr)
#define FLATKV_ASSIGN_OR_RETURN_IMPL(tmp, lhs, expr) \
  auto tmp = (expr);                                 \
  if (!tmp.ok()) {                                   \
    return tmp.status();                             \
  }                                                  \
  lhs = *std::move(tmp)
