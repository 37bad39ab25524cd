#include "flatkv/engine/leveldb_checkpoint.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <utility>

#include "flatkv/engine/checkpoint_writer.h"

namespace flatkv {
namespace {

using std::chrono::milliseconds;

// How soon a waiting Finish looks whether the flush it waits for has failed.
constexpr milliseconds kFinishPoll{5};

}  // namespace

Status LevelDbCheckpoint::Begin(const std::function<Status()>& rotate) {
  FlushTracker& flushes = env_.flushes();
  const uint64_t log = rotate ? flushes.LiveLog() : flushes.LastRotatedLog();
  RETURN_IF_ERROR(env_.gate().Arm(log));
  if (rotate) {
    if (const Status rotated = rotate(); !rotated.ok()) {
      Abandon();
      return rotated;
    }
  } else if (flushes.WaitFlushed(log, milliseconds(0))) {
    // All is in the MANIFEST, and nothing will be added to it before the next rotation.
    env_.gate().Capture();
  }
  next_log_ = flushes.LiveLog();
  return OkStatus();
}

// An error if the flush that the capture waits for cannot end any more.
Status LevelDbCheckpoint::CheckFlushGoesOn() {
  // LevelDB keeps a background error to itself and just stops working.
  if (!env_.BackgroundIdle()) {
    return OkStatus();
  }
  RETURN_IF_ERROR(probe_());
  // The flush may have ended just before the look at the background work.
  ASSIGN_OR_RETURN(const std::optional<ManifestPosition> position,
                   env_.gate().WaitCaptured(milliseconds(0)));
  return position.has_value()
             ? OkStatus()
             : Internal(fmt::format("checkpoint: leveldb {}: the flush ended unnoticed", db_path_));
}

StatusOr<ManifestPosition> LevelDbCheckpoint::WaitCaptured() {
  for (;;) {
    if (const Status failed = env_.monitor().WriteFailure(); !failed.ok()) {
      return Annotate(failed, "checkpoint: leveldb " + db_path_);
    }
    ASSIGN_OR_RETURN(std::optional<ManifestPosition> position,
                     env_.gate().WaitCaptured(kFinishPoll));
    if (position.has_value()) {
      return *std::move(position);
    }
    RETURN_IF_ERROR(CheckFlushGoesOn());
  }
}

StatusOr<std::vector<CheckpointFile>> LevelDbCheckpoint::Finish(const std::string& directory,
                                                                bool allow_copy) {
  RETURN_IF_ERROR(env_.gate().StartFinish());
  StatusOr<std::vector<CheckpointFile>> files = [&]() -> StatusOr<std::vector<CheckpointFile>> {
    ASSIGN_OR_RETURN(const ManifestPosition position, WaitCaptured());
    CheckpointTarget target{directory, allow_copy,
                            [this] { return env_.gate().WaitCaptured(milliseconds(0)).status(); }};
    return WriteCheckpoint(fs_, {db_path_, position, next_log_}, target);
  }();
  env_.RemoveReleased(env_.gate().Release());
  return files;
}

void LevelDbCheckpoint::Abandon() { env_.RemoveReleased(env_.gate().Abandon()); }

}  // namespace flatkv
