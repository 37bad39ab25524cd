#include "bench/daemon_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "bench/store_settings.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/posix_file_system.h"

namespace flatkv::bench {
namespace {

constexpr uint64_t kLogBytesMax = 64 << 20;
constexpr size_t kLogTailBytes = 2'000;
constexpr std::string_view kServing = "serving on ";

// The environment without what configures a daemon.
std::vector<char*> CleanEnvironment() {
  std::vector<char*> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (std::strncmp(*variable, "FLATKV_", 7) != 0) {
      environment.push_back(*variable);
    }
  }
  environment.push_back(nullptr);
  return environment;
}

std::string LogTail(const std::string& path) {
  const StatusOr<std::string> log = ReadFile(PosixFileSystem(), path, kLogBytesMax);
  if (!log.ok()) {
    return "";
  }
  return log->size() <= kLogTailBytes ? *log : log->substr(log->size() - kLogTailBytes);
}

// Runs `words` with its output in the pipe's end `output` and its errors in the file `log`.
StatusOr<pid_t> Spawn(const std::vector<std::string>& words, int output, const std::string& log) {
  std::vector<char*> arguments;
  for (const std::string& word : words) {
    arguments.push_back(const_cast<char*>(word.c_str()));
  }
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0644);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(),
                                 CleanEnvironment().data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return ErrnoStatus("start", words.front(), error);
  }
  return pid;
}

}  // namespace

StatusOr<std::unique_ptr<DaemonProcess>> DaemonProcess::Start(const BenchHome& home,
                                                              const DaemonOptions& options) {
  const std::string config = home.Path(kDaemonConfigName);
  const std::string log = home.Path(kDaemonLogName);
  RETURN_IF_ERROR(WriteFileDurably(PosixFileSystem(), config, RenderSettings(options.config)));
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) {
    return ErrnoStatus("pipe", options.program, errno);
  }
  const std::string listen = options.transport == Transport::kUnix
                                 ? "unix:" + home.Path(kDaemonSocketName)
                                 : "127.0.0.1:0";
  const StatusOr<pid_t> pid =
      Spawn({options.program, "--home", home.path(), "--config", config, "--listen", listen},
            pipe_ends[1], log);
  close(pipe_ends[1]);
  if (!pid.ok()) {
    close(pipe_ends[0]);
    return pid.status();
  }
  std::unique_ptr<DaemonProcess> daemon(new DaemonProcess(*pid, pipe_ends[0]));
  if (!daemon->WaitUntilServing()) {
    daemon->Kill();
    return FailedPrecondition(fmt::format("{} ended before it served; its log ends with:\n{}",
                                          options.program, LogTail(log)));
  }
  return daemon;
}

DaemonProcess::~DaemonProcess() {
  Kill();
  close(output_);
}

bool DaemonProcess::WaitUntilServing() {
  std::string text;
  char buffer[512];
  while (true) {
    const ssize_t bytes = read(output_, buffer, sizeof(buffer));
    if (bytes < 0 && errno == EINTR) {
      continue;
    }
    if (bytes <= 0) {
      return false;
    }
    text.append(buffer, static_cast<size_t>(bytes));
    const size_t begin = text.find(kServing);
    const size_t end = begin == std::string::npos ? begin : text.find(" (", begin);
    if (end != std::string::npos) {
      address_ = text.substr(begin + kServing.size(), end - begin - kServing.size());
      return true;
    }
  }
}

int DaemonProcess::Wait() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  return status;
}

void DaemonProcess::Kill() {
  if (pid_ != 0) {
    kill(pid_, SIGKILL);
    Wait();
  }
}

Status DaemonProcess::Stop() {
  if (pid_ == 0) {
    return OkStatus();
  }
  kill(pid_, SIGTERM);
  const int status = Wait();
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return Internal(fmt::format("flatkvd did not stop cleanly (wait status {})", status));
  }
  return OkStatus();
}

}  // namespace flatkv::bench
