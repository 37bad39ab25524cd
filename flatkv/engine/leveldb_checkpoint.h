// The checkpoints of one LevelDB handle: marks a state, waits until it is on disk, writes it out.
//
// Thread safety: Begin while nobody else rotates memtables; Finish and Abandon from any thread,
// one Finish at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/engine/kv_engine.h"
#include "flatkv/engine/leveldb_env.h"
#include "flatkv/fs/file_system.h"

namespace flatkv {

class LevelDbCheckpoint {
 public:
  // `probe` returns LevelDB's background error, if there is one; from any thread. The references
  // outlive this.
  LevelDbCheckpoint(FileSystem& fs, LevelDbEnv& env, const std::string& db_path,
                    std::function<Status()> probe)
      : fs_(fs), env_(env), db_path_(db_path), probe_(std::move(probe)) {}

  // Marks the state of now. `rotate` rotates the memtable out; empty if the memtable is.
  Status Begin(const std::function<Status()>& rotate);
  // As KvEngine::FinishCheckpoint.
  StatusOr<std::vector<CheckpointFile>> Finish(const std::string& directory, bool allow_copy);
  void Abandon();

 private:
  StatusOr<ManifestPosition> WaitCaptured();
  Status CheckFlushGoesOn();

  FileSystem& fs_;
  LevelDbEnv& env_;
  const std::string db_path_;
  const std::function<Status()> probe_;
  // The log of the first memtable behind the marked state.
  std::atomic<uint64_t> next_log_ = 0;
};

}  // namespace flatkv
