// The listener of AdminService: who can reach it, and what is where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/integration/fake_store.h"
#include "tests/integration/server_fixture.h"
#include "tests/support/status_matchers.h"

namespace flatkv::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kRetention[] = "/flatkv.v1.AdminService/Retention";

class AdminListenerTest : public ::testing::Test {
 protected:
  std::string AdminPath() const { return dir_.File("admin.sock"); }
  std::string AdminAddress() const { return "unix:" + AdminPath(); }
  std::vector<std::string> Node() const { return {"unix:" + dir_.File("node.sock")}; }
  StatusOr<std::unique_ptr<server::Server>> Start(const std::string& admin_listen) {
    return server::Server::Start(store_, NullLogger(), TestServer::Options(Node(), admin_listen));
  }
  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  TempDir dir_;
  FakeStore store_;
};

TEST_F(AdminListenerTest, OnlyTheOwnerCanOpenTheSocketAndItGoesWithTheServer) {
  const mode_t old = umask(0);
  {
    const auto server = Start(AdminAddress());
    ASSERT_OK(server);
    EXPECT_EQ((*server)->admin_address(), AdminAddress());
    struct stat found {};
    ASSERT_EQ(lstat(AdminPath().c_str(), &found), 0);
    EXPECT_TRUE(S_ISSOCK(found.st_mode));
    EXPECT_EQ(found.st_mode & 07777U, 0600U);
    EXPECT_THAT(Files(), ElementsAre("admin.sock", "node.sock")) << "something is left behind";
  }
  umask(old);
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(AdminListenerTest, AdminServiceIsServedThereAndNowhereElse) {
  TestServer server(store_, TestServer::Options(Node(), AdminAddress()));
  EXPECT_EQ(server.Info().admin_address(), AdminAddress());
  EXPECT_TRUE(RawCall(server.admin_channel, kRetention, {""}).status.ok());
  EXPECT_EQ(RawCall(server.channel, kRetention, {""}).status.error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
  for (const char* method : {"/flatkv.v1.CommitService/Info", "/flatkv.v1.QueryService/Root"}) {
    EXPECT_EQ(RawCall(server.admin_channel, method, {""}).status.error_code(),
              grpc::StatusCode::UNIMPLEMENTED);
  }
  EXPECT_EQ(TestServer::Health("flatkv.v1.AdminService", server.admin_channel), "SERVING");
  EXPECT_THAT(server.Health("flatkv.v1.AdminService"), HasSubstr("error"));
  const auto services = [](const std::shared_ptr<grpc::Channel>& channel) {
    const RawAnswer answer =
        RawCall(channel, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                {std::string("\x3a\x00", 2)});
    return answer.messages.size() == 1 ? answer.messages[0] : "";
  };
  EXPECT_THAT(services(server.admin_channel), HasSubstr("flatkv.v1.AdminService"));
  EXPECT_THAT(services(server.channel), Not(HasSubstr("flatkv.v1.AdminService")));
}

TEST_F(AdminListenerTest, WithoutAnAddressInfoNamesNone) {
  const TestServer server(store_, Node());
  EXPECT_EQ(server.server->admin_address(), "");
  EXPECT_EQ(server.Info().admin_address(), "");
}

TEST_F(AdminListenerTest, ALoopbackPortIsChosenAndReported) {
  const TestServer server(store_, TestServer::Options(Node(), "127.0.0.1:0"));
  EXPECT_THAT(server.server->admin_address(), ::testing::MatchesRegex("127.0.0.1:[1-9][0-9]*"));
  EXPECT_EQ(server.Info().admin_address(), server.server->admin_address());
  EXPECT_TRUE(RawCall(server.admin_channel, kRetention, {""}).status.ok());
}

TEST_F(AdminListenerTest, OtherMachinesNeverReachIt) {
  EXPECT_THAT(Start("0.0.0.0:0"),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("from other machines")));
}

TEST_F(AdminListenerTest, TheSocketOfADeadDaemonIsReplaced) {
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = AdminPath();
  std::memcpy(address.sun_path, path.data(), path.size());
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  close(fd);
  EXPECT_OK(Start(AdminAddress()));
}

TEST_F(AdminListenerTest, ASocketThatIsServedIsLeftAlone) {
  const std::vector<std::string> other = {"unix:" + dir_.File("other.sock")};
  TestServer first(store_, TestServer::Options(other, AdminAddress()));
  EXPECT_THAT(Start(AdminAddress()),
              StatusIs(StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("another process serves"), HasSubstr("--admin-listen"))));
  EXPECT_TRUE(RawCall(first.admin_channel, kRetention, {""}).status.ok());
}

TEST_F(AdminListenerTest, AFileThatIsNoSocketIsNeverRemoved) {
  std::ofstream(AdminPath()) << "precious";
  EXPECT_THAT(Start(AdminAddress()),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("[server] admin-listen")));
  EXPECT_THAT(Files(), ElementsAre("admin.sock"));
}

TEST_F(AdminListenerTest, AMissingDirectoryIsNamed) {
  EXPECT_THAT(Start("unix:" + dir_.File("absent/admin.sock")),
              StatusIs(StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("absent/admin.sock"), HasSubstr("ENOENT"))));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(AdminListenerTest, NothingIsLeftBehindWhenTheNodesAddressIsTaken) {
  const TestServer first(store_, Node());
  EXPECT_THAT(Start(AdminAddress()), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(Files(), ElementsAre("node.sock"));
}

}  // namespace
}  // namespace flatkv::test
