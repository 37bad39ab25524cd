#include "config/metrics_listen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/config.h"

namespace flatkv {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(const std::string& text, const Environment& environment = {}) {
  const StatusOr<Config> config = ParseConfig(text, "f.toml", environment);
  return config.ok() ? "accepted" : std::string(MessageOf(config.status()));
}

TEST(MetricsListen, NothingIsServedByDefault) {
  EXPECT_EQ(DefaultConfig().server.metrics_listen, "");
  const StatusOr<std::optional<ListenAddress>> address = MetricsAddress("");
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_FALSE(address->has_value());
}

TEST(MetricsListen, AnAddressIsTakenAsItIs) {
  for (const std::string text : {"127.0.0.1:9464", "[::1]:0", "metrics.example.org:1"}) {
    const StatusOr<std::optional<ListenAddress>> address = MetricsAddress(text);
    ASSERT_TRUE(address.ok()) << address.status();
    ASSERT_TRUE(address->has_value());
    EXPECT_EQ(ToString(**address), text);
  }
}

TEST(MetricsListen, WhatIsNoTcpAddressIsRefused) {
  constexpr char kAllowed[] = " (allowed: \"\" (none), \"HOST:PORT\", \"[IPV6]:PORT\")";
  EXPECT_EQ(
      ErrorOf("[server]\nmetrics-listen = \"9464\"\n"),
      std::string("f.toml:2: [server] metrics-listen: \"9464\": the port is missing") + kAllowed);
  EXPECT_EQ(ErrorOf("[server]\nmetrics-listen = \"unix:/run/metrics.sock\"\n"),
            std::string("f.toml:2: [server] metrics-listen: \"unix:/run/metrics.sock\": metrics "
                        "are served over TCP only, Prometheus scrapes no socket file") +
                kAllowed);
}

TEST(MetricsListen, EveryWayToSetAKeySetsIt) {
  const StatusOr<Config> from_file =
      ParseConfig("[server]\nmetrics-listen = \"127.0.0.1:1\"\n", "f.toml", {});
  ASSERT_TRUE(from_file.ok()) << from_file.status();
  EXPECT_EQ(from_file->server.metrics_listen, "127.0.0.1:1");
  const StatusOr<Config> from_variable =
      ParseConfig("[server]\nmetrics-listen = \"127.0.0.1:1\"\n", "f.toml",
                  {{"FLATKV_SERVER_METRICS_LISTEN", ""}});
  ASSERT_TRUE(from_variable.ok()) << from_variable.status();
  EXPECT_EQ(from_variable->server.metrics_listen, "");
  const StatusOr<Config> from_flag =
      ParseConfig("", "f.toml", {{"FLATKV_SERVER_METRICS_LISTEN", "127.0.0.1:1"}},
                  {{"server.metrics-listen", "[::1]:2", "--metrics-listen"}});
  ASSERT_TRUE(from_flag.ok()) << from_flag.status();
  EXPECT_EQ(from_flag->server.metrics_listen, "[::1]:2");
}

TEST(MetricsListen, AnAddressThatOthersReachNeedsPermission) {
  EXPECT_EQ(ErrorOf("[server]\nmetrics-listen = \"0.0.0.0:9464\"\n"),
            "f.toml:2: [server] metrics-listen: \"0.0.0.0:9464\" can be reached from other "
            "machines, unencrypted (allowed: 127.0.0.0/8, [::1], localhost, or any address with "
            "[server] allow-insecure-remote = true)");
  EXPECT_EQ(ErrorOf("[server]\nmetrics-listen = \"0.0.0.0:9464\"\nallow-insecure-remote = true\n"),
            "accepted");
}

TEST(MetricsListen, TheAddressIsNobodyElses) {
  EXPECT_THAT(ErrorOf("[server]\nlisten = [\"localhost:1\"]\nmetrics-listen = \"localhost:1\"\n"),
              HasSubstr("[server] metrics-listen: \"localhost:1\" is in [server] listen too"));
  EXPECT_THAT(
      ErrorOf("[server]\nadmin-listen = \"localhost:1\"\nmetrics-listen = \"localhost:1\"\n"),
      HasSubstr("[server] metrics-listen: \"localhost:1\" is in [server] admin-listen too"));
  EXPECT_EQ(ErrorOf("[server]\nlisten = [\"localhost:0\"]\nmetrics-listen = \"localhost:0\"\n"),
            "accepted");
}

TEST(DiskWarnBytes, IsASizeAndZeroSwitchesTheWarningOff) {
  EXPECT_EQ(DefaultConfig().server.disk_warn_bytes, uint64_t{5} << 30);
  const StatusOr<Config> off = ParseConfig("[server]\ndisk-warn-bytes = 0\n", "f.toml", {});
  ASSERT_TRUE(off.ok()) << off.status();
  EXPECT_EQ(off->server.disk_warn_bytes, 0u);
  EXPECT_THAT(ErrorOf("[server]\ndisk-warn-bytes = \"5GB\"\n"),
              HasSubstr("(allowed: 0B to 16TiB; 0: no warning)"));
}

}  // namespace
}  // namespace flatkv
