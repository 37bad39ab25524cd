// Exit codes of flatkvd and flatkv. Scripts, and RestartPreventExitStatus in
// deploy/flatkvd.service, rely on them: a number once given keeps its meaning. 12 and 14 to 129 are
// free.
#pragma once

#include "flatkv/base/status.h"

namespace flatkv {

enum ExitCode : int {
  kExitOk = 0,
  kExitUnexpected = 1,
  kExitUsage = 2,         // command line or configuration
  kExitConfirmation = 3,  // something destructive was not confirmed; nothing changed
  kExitNotFound = 4,      // what was asked for is not there: a version, a path, a key
  kExitLocked = 5,        // in use: another process or another long operation has the store, or
                          // something keeps the snapshot
  kExitCorrupt = 6,       // damaged or missing bytes, named in the message
  kExitIncompatible = 7,  // another format, suite or initial version
  kExitTornTail = 8,      // a torn changelog tail, or a store that was not closed cleanly, and the
                          // configuration refuses that
  kExitIo = 9,  // a write, sync or read failed; the store takes no more commits until reopened
  kExitDiskFull = 10,           // no space, or another resource of the system is used up
  kExitDaemonUnreachable = 11,  // flatkv only: no daemon answers
  kExitRootMismatch =
      13,  // flatkv only: a root or a version's content differs from what was expected
  kExitInterrupted = 130,  // stopped by a signal before it was done
};

// What a program that fails with `status` exits with. kUnavailable without a reason is a daemon
// that does not answer.
inline ExitCode ExitCodeOf(const Status& status) {
  switch (ReasonOf(status)) {
    case Reason::kLocked:
      return kExitLocked;
    case Reason::kSuiteMismatch:
    case Reason::kIncompatibleFormat:
      return kExitIncompatible;
    case Reason::kChangelogCorrupt:
    case Reason::kDataDbCorrupt:
    case Reason::kRootMismatch:
      // The changelog refuses a torn tail as a failed precondition: nothing acknowledged is
      // damaged.
      return status.code() == StatusCode::kFailedPrecondition ? kExitTornTail : kExitCorrupt;
    case Reason::kSnapshotCorrupt:
    case Reason::kRecoveryAmbiguous:
    case Reason::kArchiveCorrupt:
      return kExitCorrupt;
    case Reason::kDirtyStore:
      return kExitTornTail;
    case Reason::kConfirmationNeeded:
      return kExitConfirmation;
    case Reason::kSnapshotMissing:
    case Reason::kVersionUnreachable:
      return kExitNotFound;
    case Reason::kOperationInProgress:
    case Reason::kSnapshotInUse:
      return kExitLocked;
    case Reason::kPoisoned:
      return kExitIo;
    default:
      break;
  }
  switch (status.code()) {
    case StatusCode::kOk:
      return kExitOk;
    case StatusCode::kInvalidArgument:
      return kExitUsage;
    case StatusCode::kNotFound:
    case StatusCode::kOutOfRange:
      return kExitNotFound;
    case StatusCode::kDataLoss:
      return kExitCorrupt;
    case StatusCode::kResourceExhausted:
      return kExitDiskFull;
    case StatusCode::kUnavailable:
      return kExitDaemonUnreachable;
    case StatusCode::kUnknown:
      return kExitIo;
    case StatusCode::kCancelled:
      return kExitInterrupted;
    default:
      return kExitUnexpected;
  }
}

}  // namespace flatkv
