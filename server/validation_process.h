// Checks a cloned snapshot in a process of its own: what a damaged table can do to LevelDB (a
// crash, memory without bounds) must not happen to the daemon.
//
// Parent and child are the same program: `flatkvd --validate-clone DIR`, which is not for people.
// The child's exit code (flatkv/base/exit_codes.h) and its last line on stderr become the Status.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <sys/types.h>

#include <string>

#include "flatkv/base/exit_codes.h"
#include "flatkv/base/mutex.h"
#include "flatkv/base/status.h"

namespace flatkv::server {

inline constexpr char kValidateCloneFlag[] = "--validate-clone";

class ValidationProcess {
 public:
  // `program` is called with kValidateCloneFlag and a directory.
  explicit ValidationProcess(std::string program = "/proc/self/exe")
      : program_(std::move(program)) {}
  ValidationProcess(const ValidationProcess&) = delete;
  ValidationProcess& operator=(const ValidationProcess&) = delete;

  // Waits for the child however long it takes: rows are many. One at a time; a second caller waits.
  // Errors: kDataLoss with Reason::kSnapshotCorrupt for a damaged clone, also when the child
  // crashed over it; kUnavailable when it was killed or after Stop; others as the child's.
  Status Validate(const std::string& clone_directory) EXCLUDES(turn_, mu_);
  // Kills the child that runs; from here on Validate fails. Idempotent.
  void Stop() EXCLUDES(mu_);

 private:
  StatusOr<int> Spawn(const std::string& clone_directory) EXCLUDES(mu_);
  // The child's wait status.
  StatusOr<int> Reap() EXCLUDES(mu_);

  const std::string program_;
  Mutex turn_;  // held while a child runs
  Mutex mu_;
  pid_t child_ GUARDED_BY(mu_) = 0;  // 0: none
  bool stopped_ GUARDED_BY(mu_) = false;
};

// The Status of a child: `wait_status` as of waitpid(2), `last_line` of its stderr.
Status StatusOfValidation(int wait_status, const std::string& last_line);

// The child's side: validates, prints what is wrong as one line on stderr. REQUIRES: called from
// main, in place of anything else.
ExitCode RunValidation(const std::string& clone_directory);

}  // namespace flatkv::server
