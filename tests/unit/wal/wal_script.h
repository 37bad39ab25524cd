// A script of log operations that knows at every file call what a crash may leave.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/wal/wal.h"
#include "tests/support/mem_file_system.h"

namespace flatkv::test {

// One run of a script. Each step returns the log's error; the first error ends the script.
class WalScript {
 public:
  using Records = std::map<Version, std::string>;

  // `start` is what the disk holds acknowledged; `start_pending` what it may hold instead.
  WalScript(FileSystem& fs, Records start, std::optional<Records> start_pending)
      : fs_(fs), committed_(std::move(start)), pending_(std::move(start_pending)) {}

  // What Open shows is committed from then on.
  Status Open();
  // Append, sync, acknowledge.
  Status Commit(Version version, uint64_t seed = 0);
  // Append `first` .. `last`, one sync, acknowledge the last.
  Status CommitGroup(Version first, Version last, uint64_t seed = 0);
  // Append and no more, then close.
  Status AppendAndClose(Version version, uint64_t seed = 0);
  Status Prune(Version below);
  Status Cut(Version above);
  Status Close();
  // Drops the log as a killed process would: closes its handles and no more.
  void Abandon() { wal_.reset(); }

  // OK if `found` is a state that a crash at this point may leave.
  Status Check(const Records& found) const;
  // Not OK if the log did something after its first error.
  const Status& violation() const { return violation_; }

 private:
  // Ends a step: if it succeeded, the pending state is committed.
  Status Finish(const Status& status);

  FileSystem& fs_;
  std::unique_ptr<Wal> wal_;
  Records committed_;
  std::optional<Records> pending_;
  // Groups: any prefix of the pending versions may be there.
  bool prefixes_allowed_ = false;
  // Prunes: any version below may be missing.
  Version prune_below_ = 0;
  Status violation_;
};

// Recovers the crashed disk and checks: the log opens, holds what the script allows, a second open
// changes nothing, what was recovered survives another power cut, and the log takes the next
// version.
Status CheckRecovery(MemFileSystem& disk, const WalScript& script);

}  // namespace flatkv::test
