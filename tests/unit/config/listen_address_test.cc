#include "config/listen_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace flatkv {
namespace {

using ::testing::HasSubstr;

TEST(ListenAddress, ReadsHostsAndPorts) {
  const StatusOr<ListenAddress> ipv4 = ParseListenAddress("10.1.2.3:7450");
  ASSERT_TRUE(ipv4.ok()) << ipv4.status();
  EXPECT_EQ(*ipv4, (ListenAddress{.host = "10.1.2.3", .port = 7450}));
  const StatusOr<ListenAddress> ipv6 = ParseListenAddress("[fd00::1]:65535");
  ASSERT_TRUE(ipv6.ok()) << ipv6.status();
  EXPECT_EQ(*ipv6, (ListenAddress{.host = "fd00::1", .port = 65535}));
  const StatusOr<ListenAddress> name = ParseListenAddress("node-1.example.org:0");
  ASSERT_TRUE(name.ok()) << name.status();
  EXPECT_EQ(*name, (ListenAddress{.host = "node-1.example.org", .port = 0}));
}

TEST(ListenAddress, ReadsSocketPaths) {
  const StatusOr<ListenAddress> address = ParseListenAddress("unix:/run/flatkv/flatkv.sock");
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_EQ(address->kind, ListenAddress::Kind::kUnix);
  EXPECT_EQ(address->path, "/run/flatkv/flatkv.sock");
}

TEST(ListenAddress, WritesWhatItReads) {
  for (const std::string text : {"127.0.0.1:7450", "[::]:1", "[fd00::1]:65535", "localhost:0",
                                 "unix:/run/flatkv.sock", "unix:relative.sock"}) {
    const StatusOr<ListenAddress> address = ParseListenAddress(text);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_EQ(ToString(*address), text);
  }
}

TEST(ListenAddress, AcceptsASocketPathOfTheSystemsLengthAndNoLonger) {
  EXPECT_TRUE(ParseListenAddress("unix:/" + std::string(106, 'a')).ok());
  EXPECT_THAT(std::string(MessageOf(ParseListenAddress("unix:/" + std::string(107, 'a')).status())),
              HasSubstr("has 108 bytes, the system allows 107"));
}

TEST(ListenAddress, RefusesWrongSyntaxAndSaysWhy) {
  struct Case {
    std::string text;
    std::string reason;
  };
  const Case cases[] = {
      {"", "the port is missing"},
      {"127.0.0.1", "the port is missing"},
      {"[::1]", "the port is missing"},
      {":7450", "the host is empty"},
      {"::1:7450", "needs brackets"},
      {"[::1:7450", "not an IPv6 address"},
      {"[127.0.0.1]:7450", "not an IPv6 address"},
      {"[]:7450", "not an IPv6 address"},
      {"[fe80::1%eth0]:7450", "not an IPv6 address"},
      {"127.0.0.1:", "port \"\" is not a number from 0 to 65535"},
      {"127.0.0.1:65536", "port \"65536\" is not"},
      {"127.0.0.1:-1", "port \"-1\" is not"},
      {"127.0.0.1:+1", "port \"+1\" is not"},
      {"127.0.0.1:http", "port \"http\" is not"},
      {"127.0.0.1: 7450", "port \" 7450\" is not"},
      {"256.0.0.1:7450", "neither an IPv4 address nor a host name"},
      {"127.1:7450", "neither an IPv4 address nor a host name"},
      {"a..b:7450", "neither an IPv4 address nor a host name"},
      {"-a:7450", "neither an IPv4 address nor a host name"},
      {"under_score:7450", "neither an IPv4 address nor a host name"},
      {std::string(64, 'a') + ":7450", "neither an IPv4 address nor a host name"},
      {"http://localhost:7450", "needs brackets"},
      {"unix:", "the socket path is empty"},
      {"unix:/run/a b", "the socket path has a character"},
      {"unix:/run/a%20b", "the socket path has a character"},
      {std::string("unix:/run/a\0b", 13), "the socket path has a character"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const StatusOr<ListenAddress> address = ParseListenAddress(c.text);
    ASSERT_EQ(address.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(MessageOf(address.status())), HasSubstr(c.reason));
  }
}

TEST(ListenAddress, KnowsLoopback) {
  for (const std::string text : {"127.0.0.1:1", "127.255.0.9:1", "[::1]:1", "[0:0::0:1]:1",
                                 "localhost:1", "LocalHost:1", "unix:/run/flatkv.sock"}) {
    const StatusOr<ListenAddress> address = ParseListenAddress(text);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_TRUE(IsLoopback(*address)) << text;
  }
  for (const std::string text :
       {"0.0.0.0:1", "126.0.0.1:1", "128.0.0.1:1", "10.0.0.127:1", "[::]:1", "[::2]:1",
        "[::ffff:127.0.0.1]:1", "localhost.example.org:1", "localhos:1", "example.org:1"}) {
    const StatusOr<ListenAddress> address = ParseListenAddress(text);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_FALSE(IsLoopback(*address)) << text;
  }
}

}  // namespace
}  // namespace flatkv
