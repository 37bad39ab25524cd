#include "config/admin_listen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace flatkv {
namespace {

using ::testing::HasSubstr;

TEST(AdminListen, AutoIsASocketInTheHomeDirectory) {
  const StatusOr<std::optional<ListenAddress>> address = AdminAddress("auto", "/var/lib/flatkv");
  ASSERT_TRUE(address.ok()) << address.status();
  ASSERT_TRUE(address->has_value());
  EXPECT_EQ(ToString(**address), "unix:/var/lib/flatkv/admin.sock");
}

TEST(AdminListen, OffIsNoAddress) {
  const StatusOr<std::optional<ListenAddress>> address = AdminAddress("off", "/home");
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_FALSE(address->has_value());
}

TEST(AdminListen, AnAddressIsTakenAsItIs) {
  for (const std::string text : {"unix:/run/flatkv/admin.sock", "127.0.0.1:0", "[::1]:7451"}) {
    const StatusOr<std::optional<ListenAddress>> address = AdminAddress(text, "/home");
    ASSERT_TRUE(address.ok()) << address.status();
    ASSERT_TRUE(address->has_value());
    EXPECT_EQ(ToString(**address), text);
  }
}

TEST(AdminListen, AHomeThatCannotHoldTheSocketIsOutOfRange) {
  const StatusOr<std::optional<ListenAddress>> longest =
      AdminAddress("auto", "/" + std::string(95, 'a'));
  EXPECT_TRUE(longest.ok()) << longest.status();
  const StatusOr<std::optional<ListenAddress>> longer =
      AdminAddress("auto", "/" + std::string(96, 'a'));
  EXPECT_EQ(longer.status().code(), StatusCode::kOutOfRange);
  EXPECT_THAT(std::string(MessageOf(longer.status())), HasSubstr("the system allows 107"));
  EXPECT_EQ(AdminAddress("auto", "/with space").status().code(), StatusCode::kOutOfRange);
}

TEST(AdminListen, RemoteAddressesAreRefused) {
  for (const std::string text : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "example.org:1"}) {
    EXPECT_EQ(CheckAdminListen(text).code(), StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(AdminAddress(text, "/home").status().code(), StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace flatkv
