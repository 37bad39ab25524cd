// LevelDB's operating system, made of our FileSystem: one LevelDbEnv for each data DB.
//
// What it changes against LevelDB's own Env, and why (docs/decisions/0002):
//  - Log files are created and stay empty: the changelog is the only log.
//  - A name is made durable at the first Sync of its file or after its rename. LevelDB's own Env
//    syncs directories only with the MANIFEST: a power cut can leave a CURRENT that points nowhere.
//  - New files are always fresh inodes: a hard link of an old file of that number keeps its bytes.
//  - A missing table is Corruption, not NotFound: LevelDB would take NotFound for an absent key.
//  - The torn end of a MANIFEST is not shown to LevelDB (manifest_tail.h).
//  - After the first failed write nothing is changed any more. LevelDB ignores some failures and
//    cleans up after others: when the sync after renaming CURRENT fails, it would remove the
//    MANIFEST that CURRENT by then names.
//  - `before_flush_is_durable` runs before a MANIFEST record that adds a flushed memtable can reach
//    the disk.
//  - Compactions that reads ask for do not happen (scheduled_work.h).
//  - While a checkpoint needs them, tables and MANIFESTs are not removed (checkpoint_gate.h).
//
// Thread safety: safe for concurrent use, as LevelDB needs it.
#pragma once

#include <leveldb/env.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "flatkv/base/logger.h"
#include "flatkv/base/mutex.h"
#include "flatkv/base/status.h"
#include "flatkv/engine/background_threads.h"
#include "flatkv/engine/checkpoint_gate.h"
#include "flatkv/engine/flush_tracker.h"
#include "flatkv/engine/io_monitor.h"
#include "flatkv/engine/scheduled_work.h"
#include "flatkv/fs/file_system.h"

namespace flatkv {

class LevelDbEnv final : public leveldb::Env {
 public:
  // `fs`, `threads` and `logger` outlive the Env, and the Env outlives the DB. The directory of the
  // DB exists and its name is durable before LevelDB starts.
  LevelDbEnv(FileSystem& fs, BackgroundThreads& threads, flatkv::Logger& logger,
             std::function<Status()> before_flush_is_durable);

  FlushTracker& flushes() { return flushes_; }
  IoMonitor& monitor() { return monitor_; }
  CheckpointGate& gate() { return gate_; }

  // Does removals that the gate held back; a failure is noted like any other.
  void RemoveReleased(const std::vector<std::string>& paths);
  // Whether LevelDB has scheduled no work that has not ended. It schedules a flush in the call that
  // rotates the memtable, and further work before the work at hand ends: idle with a flush to do,
  // it has given up.
  bool BackgroundIdle() const { return work_.Idle(); }
  ScheduledWork& work() { return work_; }

  leveldb::Status NewSequentialFile(const std::string& path,
                                    leveldb::SequentialFile** result) override;
  leveldb::Status NewRandomAccessFile(const std::string& path,
                                      leveldb::RandomAccessFile** result) override;
  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** result) override;
  bool FileExists(const std::string& path) override;
  leveldb::Status GetChildren(const std::string& directory,
                              std::vector<std::string>* result) override;
  leveldb::Status RemoveFile(const std::string& path) override;
  leveldb::Status DeleteFile(const std::string& path) override { return RemoveFile(path); }
  leveldb::Status CreateDir(const std::string& directory) override;
  leveldb::Status RemoveDir(const std::string& directory) override;
  leveldb::Status DeleteDir(const std::string& directory) override { return RemoveDir(directory); }
  leveldb::Status GetFileSize(const std::string& path, uint64_t* size_bytes) override;
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override;
  leveldb::Status LockFile(const std::string& path, leveldb::FileLock** lock) override;
  leveldb::Status UnlockFile(leveldb::FileLock* lock) override;
  void Schedule(void (*function)(void*), void* argument) override;
  void StartThread(void (*function)(void*), void* argument) override;
  leveldb::Status GetTestDirectory(std::string* path) override;
  leveldb::Status NewLogger(const std::string& path, leveldb::Logger** result) override;
  uint64_t NowMicros() override;
  void SleepForMicroseconds(int micros) override;

 private:
  // Runs a change of the disk unless one has failed before, and notes its failure.
  template <typename Operation>
  leveldb::Status Change(Operation operation);
  leveldb::Status RemoveNow(const std::string& path);
  leveldb::Status OpenManifest(const std::string& path, leveldb::SequentialFile** result);
  Status BeforeManifestWrite();

  FileSystem& fs_;
  flatkv::Logger& logger_;
  const std::function<Status()> before_flush_is_durable_;
  FlushTracker flushes_;
  IoMonitor monitor_;
  CheckpointGate gate_;
  ScheduledWork work_;
};

}  // namespace flatkv
