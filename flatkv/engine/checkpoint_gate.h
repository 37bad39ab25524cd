// The moment at which a checkpoint is taken, and the tables kept for it from then on.
//
// A memtable is in the MANIFEST when LevelDB removes its log (flush_tracker.h). In that call, on
// LevelDB's background thread, nothing has followed it into the MANIFEST yet: the MANIFEST's synced
// bytes describe the DB up to exactly that memtable. So the gate is armed with the number of a log;
// at its removal it captures the MANIFEST's name and synced length, and from then on it holds back
// the removal of tables and MANIFESTs: the files that the captured bytes name stay.
//
// It is armed before the memtable is rotated out, so that its flush cannot be over earlier. Only
// that one log will do: an earlier memtable's flush may be under way.
//
// Idle -> Arm -> armed -> capture -> captured -> Release or Abandon -> idle.
//
// Thread safety: safe for concurrent use.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "flatkv/base/mutex.h"
#include "flatkv/base/status.h"

namespace flatkv {

// The first bytes of a MANIFEST, which are synced and end with a whole edit.
struct ManifestPosition {
  std::string name;  // within the DB's directory
  uint64_t size_bytes = 0;
};

class CheckpointGate {
 public:
  // LevelDB's side, called by the Env.
  // The MANIFEST `name` is durable up to `size_bytes`.
  void ManifestSynced(const std::string& name, uint64_t size_bytes) EXCLUDES(mu_);
  // LevelDB no longer needs `log`.
  void LogRemoved(uint64_t log) EXCLUDES(mu_);
  // Whether the table or MANIFEST at `path` must not be removed now; it is then among those that
  // the end of the checkpoint returns.
  bool HoldsBack(const std::string& path) EXCLUDES(mu_);
  // A new file has the name `path`: its removal is no longer due.
  void Created(const std::string& path) EXCLUDES(mu_);

  // The checkpoint's side.
  // Waits for the removal of `log`. Errors: kFailedPrecondition with Reason::kOperationInProgress
  // if a checkpoint is under way.
  Status Arm(uint64_t log) EXCLUDES(mu_);
  // Captures at once: `log` was removed before Arm. Nothing unless armed.
  void Capture() EXCLUDES(mu_);
  // Someone will use what is captured, and release it. Errors: kUnavailable if nothing is armed.
  Status StartFinish() EXCLUDES(mu_);
  // Waits for the capture or until the time is up; nothing if there is none yet. Errors:
  // kUnavailable if abandoned; kInternal if the moment was missed.
  StatusOr<std::optional<ManifestPosition>> WaitCaptured(std::chrono::milliseconds timeout)
      EXCLUDES(mu_);
  // Ends the checkpoint; returns the paths whose removal is due.
  std::vector<std::string> Release() EXCLUDES(mu_);
  // The same, unless someone finishes it: then that one fails with kUnavailable and releases.
  std::vector<std::string> Abandon() EXCLUDES(mu_);

 private:
  enum class State { kIdle, kArmed, kCaptured, kMissed };

  std::vector<std::string> ReleaseLocked() REQUIRES(mu_);

  Mutex mu_;
  CondVar changed_;
  State state_ GUARDED_BY(mu_) = State::kIdle;
  bool finishing_ GUARDED_BY(mu_) = false;
  bool abandoned_ GUARDED_BY(mu_) = false;
  uint64_t log_ GUARDED_BY(mu_) = 0;
  ManifestPosition synced_ GUARDED_BY(mu_);
  ManifestPosition captured_ GUARDED_BY(mu_);
  std::set<std::string> due_removals_ GUARDED_BY(mu_);
};

}  // namespace flatkv
