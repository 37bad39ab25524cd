// The parts of the daemon that need no server: the validation of clones in a process of its own,
// and what the service manager is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <thread>

#include "server/service_status.h"
#include "server/validation_process.h"
#include "tests/integration/fake_store.h"
#include "tests/integration/server_fixture.h"
#include "tests/support/status_matchers.h"

namespace flatkv::server {
namespace {

using ::flatkv::test::EventLog;
using ::flatkv::test::FakeStore;
using ::flatkv::test::HasReason;
using ::flatkv::test::StatusIs;
using ::flatkv::test::TempDir;
using ::testing::HasSubstr;

class ValidationProcessTest : public ::testing::Test {
 protected:
  // A program of these shell commands; $1 is the flag, $2 the directory.
  std::string Program(const std::string& commands) {
    const std::string path = dir_.File("program");
    std::ofstream(path) << "#!/bin/sh\n" << commands << "\n";
    EXPECT_EQ(chmod(path.c_str(), 0700), 0);
    return path;
  }
  Status Run(const std::string& commands) {
    ValidationProcess process(Program(commands));
    return process.Validate("/the clone");
  }

  TempDir dir_;
};

TEST_F(ValidationProcessTest, TheProgramGetsTheFlagAndTheDirectory) {
  EXPECT_OK(Run("test \"$#\" = 2 && test \"$1\" = --validate-clone && test \"$2\" = '/the clone'"));
}

TEST_F(ValidationProcessTest, NothingButStandardFilesIsInherited) {
  const int fd = dup(STDERR_FILENO);  // without O_CLOEXEC
  const Status status = Run("test ! -e /proc/self/fd/" + std::to_string(fd));
  close(fd);
  EXPECT_OK(status);
}

TEST_F(ValidationProcessTest, DamageIsTheLastLineThatTheProgramWrote) {
  const Status status = Run("echo first >&2; echo 'flatkvd: storage: 3 rows' >&2; exit 6");
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_EQ(MessageOf(status), "storage: 3 rows");
  EXPECT_THAT(status, HasReason(Reason::kSnapshotCorrupt));
}

TEST_F(ValidationProcessTest, MuchTextIsReadToItsEnd) {
  const Status status =
      Run("i=0; while [ $i -lt 5000 ]; do echo 'a line that fills the pipe, again and again'; "
          "i=$((i+1)); done >&2; echo last >&2; exit 9");
  EXPECT_THAT(status, StatusIs(StatusCode::kUnknown, "last"));
}

TEST_F(ValidationProcessTest, ACrashIsDamageAndAKillIsNot) {
  const Status crashed = Run("echo 'reading storage' >&2; kill -SEGV $$");
  EXPECT_THAT(crashed, StatusIs(StatusCode::kDataLoss, AllOf(HasSubstr("signal 11 (SEGV)"),
                                                             HasSubstr("reading storage"))));
  const Status killed = Run("kill -KILL $$");
  EXPECT_THAT(killed, StatusIs(StatusCode::kUnavailable, HasSubstr("signal 9 (KILL)")));
}

TEST_F(ValidationProcessTest, AnyOtherExitCodeIsNamed) {
  EXPECT_THAT(
      Run("echo 'what is that' >&2; exit 42"),
      StatusIs(StatusCode::kInternal, AllOf(HasSubstr("exit code 42"), HasSubstr("what is that"))));
  EXPECT_THAT(Run("exit 7"), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(Run("echo full >&2; exit 10"), StatusIs(StatusCode::kResourceExhausted, "full"));
}

TEST_F(ValidationProcessTest, AProgramThatIsNotThereIsAnError) {
  ValidationProcess process(dir_.File("absent"));
  EXPECT_THAT(process.Validate("/x"), StatusIs(StatusCode::kNotFound, HasSubstr("posix_spawn")));
}

TEST_F(ValidationProcessTest, StopKillsTheProgramThatRuns) {
  const std::string pipe = dir_.File("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  ValidationProcess process(Program("echo begun > " + pipe + "; exec sleep 100000"));
  Status status;
  std::thread caller([&] { status = process.Validate("/x"); });
  std::string line;
  std::ifstream(pipe) >> line;  // waits for the program to write
  EXPECT_EQ(line, "begun");
  process.Stop();
  caller.join();
  EXPECT_THAT(status, StatusIs(StatusCode::kUnavailable, HasSubstr("signal 9")));
  EXPECT_THAT(process.Validate("/x"), StatusIs(StatusCode::kUnavailable, HasSubstr("stopping")));
}

TEST(ServiceStatusTest, TellsTheVersionOnceUntilItChanges) {
  FakeStore store;
  EventLog log;
  ServiceStatus status(store, log);
  EXPECT_EQ(status.Refresh(), "serving, version 0");
  EXPECT_EQ(status.Refresh(), std::nullopt);
  store.head.version = 7;
  EXPECT_EQ(status.Refresh(), "serving, version 7");
}

TEST(ServiceStatusTest, AFailedSnapshotIsLoggedOnceAndShownUntilOneSucceeds) {
  FakeStore store;
  EventLog log;
  ServiceStatus status(store, log);
  const auto after_check = [&status] {
    std::optional<std::string> last;
    for (uint64_t i = 0; i < ServiceStatus::kCallsPerSnapshotCheck; ++i) {
      if (const auto text = status.Refresh(); text.has_value()) {
        last = text;
      }
    }
    return last;
  };
  EXPECT_EQ(after_check(), "serving, version 0");
  EXPECT_FALSE(log.Has("daemon.snapshot_failed"));
  store.fake_admin.retention.activity.failed = 2;
  store.fake_admin.retention.activity.last_error = "no\nspace";
  EXPECT_EQ(after_check(), "serving, version 0; the last snapshot failed: no space");
  EXPECT_THAT(log.TextOf("daemon.snapshot_failed"),
              HasSubstr("2 snapshots failed since the start, the last with: no\nspace"));
  EXPECT_EQ(after_check(), std::nullopt);
  store.fake_admin.retention.activity.last_error.clear();
  EXPECT_EQ(after_check(), "serving, version 0");
}

}  // namespace
}  // namespace flatkv::server
