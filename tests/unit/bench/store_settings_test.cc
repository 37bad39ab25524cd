#include "bench/store_settings.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace flatkv::bench {
namespace {

using test::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(StoreSettings, ABenchmarkDoesNotSyncAndTakesNoSnapshotsUnlessAsked) {
  ASSERT_OK_AND_ASSIGN(const Config config, ResolveSettings({}));
  EXPECT_EQ(config.store.wal_sync, WalSync::kOff);
  EXPECT_EQ(config.store.snapshot.policy, SnapshotPolicy::kManual);
  ASSERT_OK_AND_ASSIGN(const Config asked,
                       ResolveSettings({.config_file = {}, .sets = {"wal.sync=always"}}));
  EXPECT_EQ(asked.store.wal_sync, WalSync::kAlways);
}

TEST(StoreSettings, TakesAnyKeyOfTheConfigurationAndTheLastOneWins) {
  ASSERT_OK_AND_ASSIGN(
      const Config config,
      ResolveSettings({.config_file = {},
                       .sets = {"cache.block-bytes=1GiB", "engine.write-buffer-bytes=8MiB",
                                "cache.block-bytes=2MiB", "store.suite=blake3"}}));
  EXPECT_EQ(config.store.block_cache_bytes, uint64_t{2} << 20);
  EXPECT_EQ(config.store.write_buffer_bytes, uint64_t{8} << 20);
  const nlohmann::json described = DescribeSettings(config);
  EXPECT_EQ(described["cache.block-bytes"], "2MiB");
  EXPECT_EQ(described["store.suite"], "blake3");
  EXPECT_EQ(described["wal.sync"], "off");
  EXPECT_FALSE(described.contains("server.listen"));
  EXPECT_FALSE(described.contains("engine.max-open-files"));  // the default
}

TEST(StoreSettings, AFileDecidesAndSetOverridesIt) {
  const test::TempDir dir;
  std::ofstream(dir.File("a.toml")) << "[wal]\nsync = \"interval\"\n[store]\nthreads = 3\n";
  ASSERT_OK_AND_ASSIGN(const Config config, ResolveSettings({.config_file = dir.File("a.toml"),
                                                             .sets = {"store.threads=5"}}));
  EXPECT_EQ(config.store.wal_sync, WalSync::kInterval);
  EXPECT_EQ(config.store.threads, 5u);
}

TEST(StoreSettings, ADaemonGetsTheKeysThatWereSetAndNoOthers) {
  ASSERT_OK_AND_ASSIGN(const Config config,
                       ResolveSettings({.config_file = {},
                                        .sets = {"store.suite=blake3", "cache.block-bytes=2MiB"}}));
  const std::string text = RenderSettings(config);
  EXPECT_EQ(text.find("max-open-files"), std::string::npos) << text;
  ASSERT_OK_AND_ASSIGN(const Config again, ParseConfig(text, "text", {}));
  EXPECT_EQ(DescribeSettings(again), DescribeSettings(config));
  EXPECT_EQ(again.store.wal_sync, WalSync::kOff);
}

TEST(StoreSettings, MistakesAreNamed) {
  EXPECT_THAT(ResolveSettings({.config_file = {}, .sets = {"wal.sync"}}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("SECTION.KEY=VALUE")));
  EXPECT_THAT(
      ResolveSettings({.config_file = {}, .sets = {"wal.snyc=off", "store.threads=x"}}),
      StatusIs(StatusCode::kInvalidArgument, AllOf(HasSubstr("snyc"), HasSubstr("threads"))));
}

}  // namespace
}  // namespace flatkv::bench
