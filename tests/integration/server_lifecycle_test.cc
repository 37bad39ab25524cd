// Listening, health, draining, and a store that fails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>

#include "tests/integration/server_fixture.h"
#include "tests/support/status_matchers.h"

namespace flatkv::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::chrono::hours kLong{1};

v1::CommitBlockRequest Block(Version version) {
  OwnedBlock block(version);
  block.Set("bank", "key", "value");
  return ToRequest(block);
}

class ServerLifecycleTest : public ::testing::Test {
 protected:
  StatusOr<std::unique_ptr<server::Server>> Start(const std::vector<std::string>& listen) {
    return server::Server::Start(memory_.store(), NullLogger(), TestServer::Options(listen));
  }
  std::string UnixAddress(const std::string& name = "socket") const {
    return "unix:" + dir_.File(name);
  }
  void FailEverySync() {
    FaultRule rule;
    rule.op = FsOp::kSync;
    rule.times = FaultRule::kForever;
    memory_.faults().AddRule(rule);
  }
  static bool Exists(const std::string& path) {
    struct stat found {};
    return lstat(path.c_str(), &found) == 0;
  }

  TempDir dir_;
  MemoryStore memory_;
};

TEST_F(ServerLifecycleTest, ServesOnEveryAddressAndReportsTheChosenPort) {
  const auto server = Start({UnixAddress(), "127.0.0.1:0", "[::1]:0"});
  ASSERT_OK(server);
  const std::vector<std::string>& addresses = (*server)->addresses();
  ASSERT_EQ(addresses.size(), 3U);
  EXPECT_EQ(addresses[0], UnixAddress());
  EXPECT_THAT(addresses[1], Not(EndsWith(":0")));
  EXPECT_THAT(addresses[2], ::testing::StartsWith("[::1]:"));
}

TEST_F(ServerLifecycleTest, OwnerAndGroupMayConnectToTheSocketThatGoesWithTheServer) {
  {
    const auto server = Start({UnixAddress()});
    ASSERT_OK(server);
    struct stat found {};
    ASSERT_EQ(stat(dir_.File("socket").c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0660U);
  }
  EXPECT_FALSE(Exists(dir_.File("socket")));
}

TEST_F(ServerLifecycleTest, TheSocketFileOfADeadDaemonIsReplaced) {
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = dir_.File("socket");
  std::memcpy(address.sun_path, path.data(), path.size());
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  close(fd);
  ASSERT_TRUE(Exists(path));
  EXPECT_OK(Start({UnixAddress()}));
}

TEST_F(ServerLifecycleTest, ASocketThatIsServedIsLeftAlone) {
  const TestServer first(memory_.store(), {UnixAddress()});
  EXPECT_THAT(Start({UnixAddress()}),
              StatusIs(StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(UnixAddress()), HasSubstr("another process serves"))));
  EXPECT_EQ(first.Info().version(), 0) << "the first server lost its socket";
}

TEST_F(ServerLifecycleTest, AFileThatIsNoSocketIsNeverRemoved) {
  std::ofstream(dir_.File("socket")) << "precious";
  EXPECT_THAT(Start({UnixAddress()}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("is not a socket")));
  EXPECT_TRUE(Exists(dir_.File("socket")));
}

TEST_F(ServerLifecycleTest, AnAddressInUseIsNamed) {
  const auto first = Start({"127.0.0.1:0"});
  ASSERT_OK(first);
  const std::string& taken = (*first)->addresses()[0];
  EXPECT_THAT(
      Start({UnixAddress(), taken}),
      StatusIs(StatusCode::kFailedPrecondition, AllOf(HasSubstr(taken), HasSubstr("EADDRINUSE"))));
  EXPECT_FALSE(Exists(dir_.File("socket"))) << "a server that did not start left its socket";
}

TEST_F(ServerLifecycleTest, ASocketInAMissingDirectoryIsNamed) {
  EXPECT_THAT(Start({UnixAddress("absent/socket")}),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("absent/socket")));
}

TEST_F(ServerLifecycleTest, RemotePlaintextNeedsTheKeyThatAllowsIt) {
  EXPECT_THAT(Start({"0.0.0.0:0"}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("[server] allow-insecure-remote")));
  server::ServerOptions options = TestServer::Options({"0.0.0.0:0"});
  options.config.allow_insecure_remote = true;
  EXPECT_OK(server::Server::Start(memory_.store(), NullLogger(), options));
}

TEST_F(ServerLifecycleTest, ReflectionCanBeSwitchedOff) {
  const TestServer server(memory_.store(), {UnixAddress()}, /*reflection=*/false);
  const RawAnswer answer =
      RawCall(server.channel, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
              {std::string("\x3a\x00", 2)});
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(ServerLifecycleTest, ADrainFinishesTheRunningCommitAndRefusesNewOnes) {
  GatedStore store(memory_.store());
  const TestServer server(store, {UnixAddress()});
  grpc::ClientContext idle_context;
  const auto idle = server.commits->CommitStream(&idle_context);
  v1::CommitResponse answer;
  ASSERT_TRUE(idle->Write(Block(1)));
  ASSERT_TRUE(idle->Read(&answer));

  store.CloseGate();
  grpc::Status running;
  v1::CommitResponse committed;
  std::thread client([&] { running = server.Commit(Block(2), &committed); });
  store.WaitForCommits(2);
  std::thread drain([&server] { server.server->Drain(kLong); });
  while (server.Health("") == "SERVING") {
    std::this_thread::yield();
  }
  EXPECT_EQ(server.Health("flatkv.v1.QueryService"), "NOT_SERVING");
  const grpc::Status refused = server.Commit(Block(3), &answer);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(DetailOf(refused).reason(), v1::CLOSED);
  EXPECT_FALSE(idle->Read(&answer));
  const grpc::Status ended = idle->Finish();
  EXPECT_EQ(ended.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(DetailOf(ended).reason(), v1::CLOSED);
  v1::GetResponse read;
  EXPECT_TRUE(server.Get("bank", "key", &read).ok()) << "reads go on while commits end";

  store.OpenGate();
  client.join();
  drain.join();
  EXPECT_TRUE(running.ok()) << running.error_message();
  EXPECT_EQ(committed.version(), 2);
  EXPECT_EQ(memory_.store().CommittedRoot().version, 2);
}

TEST_F(ServerLifecycleTest, APoisonedStoreIsUnavailableForCommitsAndGoesOnReading) {
  const TestServer server(memory_.store(), {UnixAddress()});
  v1::CommitResponse answer;
  ASSERT_TRUE(server.Commit(Block(1), &answer).ok());
  FailEverySync();
  const grpc::Status failed = server.Commit(Block(2), &answer);
  EXPECT_EQ(failed.error_code(), grpc::StatusCode::UNAVAILABLE) << failed.error_message();
  EXPECT_EQ(DetailOf(failed).reason(), v1::POISONED);
  memory_.faults().ClearRules();
  const grpc::Status again = server.Commit(Block(2), &answer);
  EXPECT_EQ(again.error_code(), grpc::StatusCode::UNAVAILABLE) << "a poisoned store recovered";
  EXPECT_EQ(server.Health(""), "NOT_SERVING");
  EXPECT_EQ(server.Health("flatkv.v1.CommitService"), "NOT_SERVING");
  EXPECT_EQ(server.Health("flatkv.v1.QueryService"), "SERVING");
  EXPECT_TRUE(server.Info().poisoned());
  v1::GetResponse read;
  ASSERT_TRUE(server.Get("bank", "key", &read).ok());
  EXPECT_EQ(read.version(), 1);
  EXPECT_EQ(read.value(), "value");
}

TEST_F(ServerLifecycleTest, AStreamOverAPoisonedStoreEndsWithThatReason) {
  const TestServer server(memory_.store(), {UnixAddress()});
  FailEverySync();
  grpc::ClientContext context;
  const auto stream = server.commits->CommitStream(&context);
  ASSERT_TRUE(stream->Write(Block(1)));
  v1::CommitResponse answer;
  EXPECT_FALSE(stream->Read(&answer));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(DetailOf(status).reason(), v1::POISONED);
}

}  // namespace
}  // namespace flatkv::test
