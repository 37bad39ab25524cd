#include "server/validation_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "flatkv/base/logger.h"
#include "flatkv/fs/posix_file_system.h"
#include "flatkv/store/store_admin.h"

namespace flatkv::server {
namespace {

// Of stderr: the last line is what matters.
constexpr size_t kTailBytesMax = 4096;
constexpr std::string_view kPrefix = "flatkvd: ";

// The last line of what is written to `fd`, read until nobody holds its other end.
std::string ReadLastLine(int fd) {
  std::string tail;
  std::array<char, kTailBytesMax> buffer{};
  while (true) {
    const ssize_t count = read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      break;
    }
    tail.append(buffer.data(), static_cast<size_t>(count));
    tail.erase(0, tail.size() - std::min(tail.size(), kTailBytesMax));
  }
  while (tail.ends_with('\n')) {
    tail.pop_back();
  }
  tail.erase(0, tail.rfind('\n') + 1);  // npos + 1 is 0
  if (tail.starts_with(kPrefix)) {
    tail.erase(0, kPrefix.size());
  }
  return tail;
}

// What LevelDB does over bytes that it did not write; a child that is told to end is another thing.
bool IsCrash(int signal) {
  return signal == SIGSEGV || signal == SIGBUS || signal == SIGABRT || signal == SIGILL ||
         signal == SIGFPE;
}

Status Damaged(std::string_view message) {
  return WithReason(DataLoss(message), Reason::kSnapshotCorrupt);
}

class SpawnSetup {
 public:
  SpawnSetup() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
  }
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;

  // stderr to `stderr_fd`, nothing else of ours, and no signal blocked.
  int Prepare(int stderr_fd) {
    sigset_t none;
    sigemptyset(&none);
    int error = posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    error = error != 0 ? error
                       : posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null",
                                                          O_WRONLY, 0);
    error =
        error != 0 ? error : posix_spawn_file_actions_adddup2(&actions_, stderr_fd, STDERR_FILENO);
    error =
        error != 0 ? error : posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    error = error != 0 ? error : posix_spawnattr_setsigmask(&attributes_, &none);
    return error != 0 ? error : posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
  }
  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Status ValidationProcess::Validate(const std::string& clone_directory) {
  MutexLock turn(turn_);
  ASSIGN_OR_RETURN(const int fd, Spawn(clone_directory));
  const std::string last_line = ReadLastLine(fd);
  close(fd);
  ASSIGN_OR_RETURN(const int wait_status, Reap());
  return StatusOfValidation(wait_status, last_line);
}

void ValidationProcess::Stop() {
  MutexLock lock(mu_);
  stopped_ = true;
  if (child_ != 0) {
    kill(child_, SIGKILL);  // it is not reaped while mu_ is held, so the number is still its own
  }
}

StatusOr<int> ValidationProcess::Spawn(const std::string& clone_directory) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return ErrnoStatus("pipe", program_, errno);
  }
  std::string flag = kValidateCloneFlag;
  std::string directory = clone_directory;
  std::string program = program_;
  const std::array<char*, 4> arguments = {program.data(), flag.data(), directory.data(), nullptr};
  Status status;
  {
    MutexLock lock(mu_);
    SpawnSetup setup;
    if (stopped_) {
      status = Unavailable("the daemon is stopping");
    } else if (int error = setup.Prepare(ends[1]); error != 0) {
      status = ErrnoStatus("posix_spawn", program_, error);
    } else if (error = posix_spawn(&child_, program_.c_str(), setup.actions(), setup.attributes(),
                                   arguments.data(), environ);
               error != 0) {
      child_ = 0;
      status = ErrnoStatus("posix_spawn", program_, error);
    }
  }
  close(ends[1]);
  if (!status.ok()) {
    close(ends[0]);
    return status;
  }
  return ends[0];
}

StatusOr<int> ValidationProcess::Reap() {
  pid_t child = 0;
  {
    MutexLock lock(mu_);
    child = child_;
  }
  siginfo_t info{};
  while (waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  MutexLock lock(mu_);
  child_ = 0;
  int wait_status = 0;
  if (waitpid(child, &wait_status, 0) != child) {
    return ErrnoStatus("waitpid", program_, errno);
  }
  return wait_status;
}

Status StatusOfValidation(int wait_status, const std::string& last_line) {
  const std::string said = last_line.empty() ? "" : fmt::format(": {}", last_line);
  if (WIFSIGNALED(wait_status)) {
    const int signal = WTERMSIG(wait_status);
    const char* name = sigabbrev_np(signal);
    const std::string message = fmt::format("the validation was killed by signal {} ({}){}", signal,
                                            name != nullptr ? name : "unknown", said);
    return IsCrash(signal) ? Damaged(message) : Unavailable(message);
  }
  switch (const int code = WEXITSTATUS(wait_status); code) {
    case kExitOk:
      return OkStatus();
    case kExitCorrupt:
      return Damaged(last_line);
    case kExitIncompatible:
      return WithReason(FailedPrecondition(last_line), Reason::kIncompatibleFormat);
    case kExitDiskFull:
      return ResourceExhausted(last_line);
    case kExitIo:
      return MakeStatus(StatusCode::kUnknown, last_line);
    default:
      return Internal(fmt::format("the validation ended with exit code {}{}", code, said));
  }
}

ExitCode RunValidation(const std::string& clone_directory) {
  // Nobody waits for the answer any more once the daemon is gone.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const Status status = ValidateClone(PosixFileSystem(), NullLogger(), clone_directory);
  if (!status.ok()) {
    std::string line(MessageOf(status));
    std::replace(line.begin(), line.end(), '\n', ' ');
    fmt::print(stderr, "{}{}\n", kPrefix, line);
  }
  return ExitCodeOf(status);
}

}  // namespace flatkv::server
