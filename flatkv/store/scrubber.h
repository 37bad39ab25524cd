// The thread that verifies everything again and again: the files of every snapshot by their
// digests, and every row of the data DBs by the recorded hashes, no faster than it is told. It goes
// on after a restart where it was: at the file, or at the data DB, that was in progress.
//
// Thread safety: safe for concurrent use.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "flatkv/base/logger.h"
#include "flatkv/base/mutex.h"
#include "flatkv/base/status.h"
#include "flatkv/store/corruption.h"
#include "flatkv/store/scrub_pace.h"
#include "flatkv/store/scrub_record.h"
#include "flatkv/store/scrub_walk.h"
#include "flatkv/store/store_admin.h"
#include "flatkv/store/store_options.h"

namespace flatkv {

class Scrubber {
 public:
  struct Context {
    FileSystem& fs;
    Logger& logger;
    std::string directory;  // the store directory
    ScrubOptions options;
    const RowHasher& hasher;
    SnapshotCatalog& catalog;
    Corruption& corruption;
    std::function<StatusOr<std::shared_ptr<View>>()> open_head;
  };

  // `record`: what the last run left. Everything in `context` outlives the object.
  Scrubber(Context context, ScrubRecord record);
  // Stops the thread.
  ~Scrubber();

  // Has the thread do a pass, now; one that runs goes on.
  void StartPass() EXCLUDES(mu_);
  void Pause() EXCLUDES(mu_);
  void Resume() EXCLUDES(mu_);
  ScrubStatus status() EXCLUDES(mu_);

  // What a record alone says.
  static ScrubStatus StatusOfRecord(const ScrubRecord& record, const ScrubOptions& options);

 private:
  void Run();
  // Begins a pass that is due; the time to the next one otherwise.
  std::chrono::milliseconds TimeToNextPass() EXCLUDES(mu_);
  Status Pass() EXCLUDES(mu_);
  Status ScrubSnapshots() EXCLUDES(mu_);
  Status ScrubRows() EXCLUDES(mu_);
  void EndPass() EXCLUDES(mu_);
  void Find(const std::string& finding) EXCLUDES(mu_);
  bool Pace(uint64_t bytes, const std::function<bool()>& go_on) EXCLUDES(mu_);
  bool Paused() EXCLUDES(mu_);
  void SetPhase(const std::string& phase) EXCLUDES(mu_);
  // Changes the record in memory, and saves it if that is due or `now`.
  void Update(const std::function<void(ScrubRecord&)>& change, bool now) EXCLUDES(mu_);
  void Save() EXCLUDES(mu_);

  const Context context_;
  ScrubPace pace_;
  ScrubWalk walk_;  // used by the thread only

  Mutex save_mu_;  // one save at a time; before mu_
  Mutex mu_;
  std::chrono::steady_clock::time_point saved_ GUARDED_BY(mu_);
  ScrubRecord record_ GUARDED_BY(mu_);
  std::vector<std::string> pass_findings_ GUARDED_BY(mu_);
  uint64_t pass_findings_count_ GUARDED_BY(mu_) = 0;
  std::string phase_ GUARDED_BY(mu_);
  uint64_t bytes_since_open_ GUARDED_BY(mu_) = 0;
  uint64_t passes_since_open_ GUARDED_BY(mu_) = 0;
  std::string error_ GUARDED_BY(mu_);  // why the pass waits
  std::thread thread_;
};

}  // namespace flatkv
