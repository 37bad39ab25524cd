// What only the real file system can show. The calls that all file systems share are in
// conformance_test.cc.
#include "flatkv/fs/posix_file_system.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>

#include "flatkv/fs/durable.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace flatkv {
namespace {

using test::HasReason;
using test::IsOk;
using test::StatusIs;
using test::TempDir;
using ::testing::HasSubstr;

mode_t ModeOf(const std::string& path) {
  struct stat info;
  EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

// Runs `body` in a forked child; true if it returned true there.
template <typename Body>
bool InChild(Body body) {
  const pid_t pid = fork();
  if (pid == 0) {
    _exit(body() ? 0 : 1);
  }
  int status = 0;
  return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(PosixFileSystem, KeepsFilesAndDirectoriesPrivateToTheOwner) {
  const TempDir dir;
  FileSystem& fs = PosixFileSystem();
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<WritableFile> file, fs.Create(dir.File("f")));
  ASSERT_OK(fs.MakeDir(dir.File("d")));
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<FileLock> lock, fs.Lock(dir.File("LOCK")));
  EXPECT_EQ(ModeOf(dir.File("f")), 0600U);
  EXPECT_EQ(ModeOf(dir.File("LOCK")), 0600U);
  EXPECT_EQ(ModeOf(dir.File("d")), 0700U);
}

TEST(PosixFileSystem, ClosesEveryDescriptorOnExec) {
  const TempDir dir;
  FileSystem& fs = PosixFileSystem();
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<WritableFile> file, fs.Create(dir.File("f")));
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<WritableFile> append, fs.OpenAppend(dir.File("f")));
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<RandomAccessFile> read, fs.OpenRead(dir.File("f")));
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<FileLock> lock, fs.Lock(dir.File("LOCK")));
  ASSERT_OK_AND_ASSIGN(const std::vector<std::string> fds, fs.List("/proc/self/fd"));
  int ours = 0;
  for (const std::string& fd : fds) {
    const StatusOr<std::string> target = fs.ReadLink("/proc/self/fd/" + fd);
    if (target.ok() && target->starts_with(dir.path())) {
      ++ours;
      EXPECT_NE(fcntl(std::stoi(fd), F_GETFD) & FD_CLOEXEC, 0) << *target;
    }
  }
  EXPECT_EQ(ours, 4);
}

TEST(PosixFileSystem, LockExcludesOtherProcesses) {
  const TempDir dir;
  FileSystem& fs = PosixFileSystem();
  const std::string path = dir.File("LOCK");
  const std::string holder = "held by process " + std::to_string(getpid());
  {
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<FileLock> lock, fs.Lock(path));
    EXPECT_TRUE(InChild([&] {
      const StatusOr<std::unique_ptr<FileLock>> second = fs.Lock(path);
      return testing::Value(second, HasReason(Reason::kLocked)) &&
             testing::Value(second, StatusIs(StatusCode::kFailedPrecondition, HasSubstr(holder)));
    }));
  }
  EXPECT_TRUE(InChild([&] { return fs.Lock(path).ok(); }));
}

TEST(PosixFileSystem, LockVanishesWithItsProcess) {
  const TempDir dir;
  FileSystem& fs = PosixFileSystem();
  const std::string path = dir.File("LOCK");
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    const StatusOr<std::unique_ptr<FileLock>> lock = fs.Lock(path);
    const char byte = lock.ok() ? 'y' : 'n';
    static_cast<void>(!write(ready[1], &byte, 1));
    pause();
    _exit(1);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  EXPECT_THAT(fs.Lock(path), StatusIs(StatusCode::kFailedPrecondition,
                                      HasSubstr("held by process " + std::to_string(pid))));
  ASSERT_EQ(kill(pid, SIGKILL), 0);
  ASSERT_EQ(waitpid(pid, nullptr, 0), pid);
  EXPECT_THAT(fs.Lock(path), IsOk());
  close(ready[0]);
  close(ready[1]);
}

TEST(PosixFileSystem, LinkAcrossFileSystemsIsAnUnknownError) {
  const TempDir dir;
  FileSystem& fs = PosixFileSystem();
  struct stat here;
  struct stat there;
  if (stat(dir.path().c_str(), &here) != 0 || stat("/proc", &there) != 0 ||
      here.st_dev == there.st_dev) {
    GTEST_SKIP() << "needs /proc to be a file system of its own";
  }
  EXPECT_THAT(fs.Link("/proc/version", dir.File("f")),
              StatusIs(StatusCode::kUnknown, HasSubstr("EXDEV")));
}

TEST(PosixFileSystem, FailedWritesCarryTheErrno) {
  FileSystem& fs = PosixFileSystem();
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<WritableFile> full, fs.OpenAppend("/dev/full"));
  EXPECT_THAT(full->Append("x"), StatusIs(StatusCode::kResourceExhausted,
                                          HasSubstr("write /dev/full: No space left")));
  EXPECT_OK(full->Close());
}

void IgnoreSignal(int /*signal*/) {}

// A signal without SA_RESTART cuts a blocking write to a pipe short or ends it with EINTR.
TEST(PosixFileSystem, AppendsAllBytesDespiteSignalsAndShortWrites) {
  const TempDir dir;
  const std::string path = dir.File("fifo");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  struct sigaction action = {};
  action.sa_handler = IgnoreSignal;
  struct sigaction old = {};
  ASSERT_EQ(sigaction(SIGUSR1, &action, &old), 0);

  std::string sent(4 << 20, '\0');
  for (size_t i = 0; i < sent.size(); ++i) {
    sent[i] = static_cast<char>(i * 31 >> 3);
  }
  std::string received;
  const pthread_t writer = pthread_self();
  std::thread reader([&] {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    std::string buffer(10'000, '\0');
    ssize_t got = 1;
    while (got > 0) {
      pthread_kill(writer, SIGUSR1);
      got = read(fd, buffer.data(), buffer.size());
      received.append(buffer, 0, got > 0 ? static_cast<size_t>(got) : 0);
    }
    close(fd);
  });
  StatusOr<std::unique_ptr<WritableFile>> file = PosixFileSystem().OpenAppend(path);
  Status appended = file.status();
  if (file.ok()) {
    appended = (*file)->Append(sent);
    file->reset();
  }
  reader.join();
  sigaction(SIGUSR1, &old, nullptr);
  EXPECT_OK(appended);
  EXPECT_TRUE(received == sent) << received.size() << " of " << sent.size() << " bytes";
}

TEST(PosixFileSystem, SyncMayRunBesideAppend) {
  const TempDir dir;
  FileSystem& fs = PosixFileSystem();
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<WritableFile> file, fs.Create(dir.File("f")));
  std::atomic<bool> done = false;
  Status synced = OkStatus();
  std::thread syncer([&] {
    while (synced.ok() && !done.load()) {
      synced = file->StartWriteback();
      synced = synced.ok() ? file->Sync() : synced;
    }
  });
  for (int i = 0; i < 200; ++i) {
    EXPECT_OK(file->Append("0123456789"));
  }
  done.store(true);
  syncer.join();
  EXPECT_OK(synced);
  EXPECT_OK(file->Close());
  ASSERT_OK_AND_ASSIGN(const std::string content, ReadFile(fs, dir.File("f"), 1 << 20));
  EXPECT_EQ(content.size(), 2000);
}

}  // namespace
}  // namespace flatkv
