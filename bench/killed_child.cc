#include "bench/killed_child.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>

#include "bench/block_source.h"
#include "bench/clock.h"
#include "bench/commit_run.h"
#include "flatkv/fs/posix_file_system.h"
#include "flatkv/store/store.h"

namespace flatkv::bench {
namespace {

void Send(int pipe, const std::string& text) {
  const ssize_t sent = write(pipe, text.data(), text.size());
  static_cast<void>(sent);  // the parent sees an end of file instead
}

class Child {
 public:
  Child(Store& store, BlockSource& source)
      : store_(store), source_(source), version_(store.Info().version) {}

  Status Run(uint64_t blocks, int pipe) {
    for (uint64_t i = 0; i < source_.preload_blocks(); ++i) {
      RETURN_IF_ERROR(CommitNext().status());
    }
    RETURN_IF_ERROR(store_.Flush());
    committed_ = {};
    for (uint64_t i = 0; i < blocks; ++i) {
      ASSIGN_OR_RETURN(const bool more, CommitNext());
      if (!more) {
        return InvalidArgument(fmt::format("the blocks end before {} are committed", blocks));
      }
    }
    Send(pipe,
         fmt::format("{} {} {}\n", committed_.blocks, committed_.updates, committed_.seconds));
    while (true) {
      ASSIGN_OR_RETURN(const bool more, CommitNext());
      if (!more) {
        pause();
      }
    }
  }

 private:
  StatusOr<bool> CommitNext() {
    ASSIGN_OR_RETURN(const bool more, source_.Next(&block_));
    if (!more) {
      return false;
    }
    const Clock::time_point start = Clock::now();
    RETURN_IF_ERROR(store_.CommitBlock(++version_, block_.changes).status());
    committed_.seconds += Seconds(Clock::now() - start);
    committed_.updates += block_.updates;
    ++committed_.blocks;
    return true;
  }

  Store& store_;
  BlockSource& source_;
  Block block_;
  Version version_;
  KilledChild committed_;
};

Status RunChild(const WorkOptions& work, const std::string& home, const StoreOptions& options,
                int pipe) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  ASSIGN_OR_RETURN(const std::unique_ptr<BlockSource> source, CommitRun::OpenSource(work));
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                   Store::Open(PosixFileSystem(), NullLogger(), home, options));
  return Child(*store, *source).Run(work.length.blocks, pipe);
}

std::string ReadLine(int pipe) {
  std::string line;
  char c = 0;
  while (line.empty() || line.back() != '\n') {
    const ssize_t bytes = read(pipe, &c, 1);
    if (bytes < 0 && errno == EINTR) {
      continue;
    }
    if (bytes <= 0) {
      break;
    }
    line.push_back(c);
  }
  return line;
}

}  // namespace

StatusOr<KilledChild> CommitInChildAndKill(const WorkOptions& work, const std::string& home,
                                           const StoreOptions& options) {
  int ends[2];
  if (pipe(ends) != 0) {
    return ErrnoStatus("pipe", home, errno);
  }
  std::fflush(nullptr);
  const pid_t pid = fork();
  if (pid < 0) {
    close(ends[0]);
    close(ends[1]);
    return ErrnoStatus("fork", home, errno);
  }
  if (pid == 0) {
    close(ends[0]);
    Send(ends[1], ToString(RunChild(work, home, options, ends[1])) + "\n");
    _exit(1);
  }
  close(ends[1]);
  const std::string line = ReadLine(ends[0]);
  kill(pid, SIGKILL);
  close(ends[0]);
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  KilledChild child;
  if (std::sscanf(line.c_str(), "%lu %lu %lf", &child.blocks, &child.updates, &child.seconds) !=
      3) {
    return Internal("the committing child: " + (line.empty() ? "it ended" : line));
  }
  return child;
}

}  // namespace flatkv::bench
