#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "config/config.h"
#include "config/config_keys.h"

namespace flatkv {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kFile = "[wal]\nsync = \"off\"\n[cache]\nblock-bytes = \"32MiB\"\n";

Config MustParse(std::string_view text, const Environment& environment = {},
                 const std::vector<FlagOverride>& flags = {}) {
  StatusOr<Config> config = ParseConfig(text, "f.toml", environment, flags);
  EXPECT_TRUE(config.ok()) << config.status();
  return config.ok() ? *config : DefaultConfig();
}

std::string ErrorOf(const Environment& environment, const std::vector<FlagOverride>& flags = {}) {
  return std::string(MessageOf(ParseConfig(kFile, "f.toml", environment, flags).status()));
}

// A file that is removed at the end of the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view content) {
    const int fd = mkstemp(path_.data());
    EXPECT_GE(fd, 0);
    EXPECT_EQ(write(fd, content.data(), content.size()), static_cast<ssize_t>(content.size()));
    close(fd);
  }
  ~TemporaryFile() { unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_ = testing::TempDir() + "flatkv-config-XXXXXX";
};

TEST(ConfigSources, EmptyFileGivesTheDefaults) {
  const Config config = MustParse("");
  EXPECT_EQ(config.store.wal_sync, WalSync::kAlways);
  EXPECT_EQ(config.store.suite, std::nullopt);
  EXPECT_EQ(config.store.initial_version, std::nullopt);
  EXPECT_EQ(config.server.listen,
            (std::vector<ListenAddress>{{.host = "127.0.0.1", .port = 7450}}));
  EXPECT_EQ(config.store.snapshot.policy, SnapshotPolicy::kInterval);
  EXPECT_EQ(config.store.on_dirty_store, OnDirtyStore::kRecover);
  EXPECT_EQ(config.server.admin_listen, "auto");
  EXPECT_TRUE(config.origins.empty());
}

TEST(ConfigSources, FileReachesEveryField) {
  const Config config = MustParse(R"(
[store]
suite = "blake3"
initial-version = 7
threads = 3
background-threads = 5
read-threads = 6
direct-reads = "always"
overlay-bytes = "1MiB"
replay-bytes = "2MiB"
[wal]
sync = "interval"
sync-interval = "3s"
segment-bytes = "4KiB"
torn-tail = "refuse"
[cache]
row-bytes = "3MiB"
filter-bytes = "7MiB"
block-bytes = "5MiB"
[engine]
write-buffer-bytes = "6MiB"
max-file-bytes = "7MiB"
max-open-files = 80
compression = "none"
[snapshot]
policy = "size-ratio"
interval = 9
size-ratio = 18
size-ratio-floor = "19MiB"
keep-recent = 10
allow-copy = true
validation = "full"
[rollback]
undo-depth = 20
[hashlog]
versions = 25
[views]
max-open = 21
max-idle = "22s"
memory-bytes = "23MiB"
[recovery]
on-dirty-store = "restore-snapshot"
wipe-confirmation = "0123456789abcdef0123456789abcdef"
check-every = 24
[scrub]
interval = "26h"
bytes-per-second = "27KiB"
reads-when-corrupt = "refuse"
[limits]
max-key-bytes = 111
max-module-bytes = 12
max-value-bytes = 1300
max-change-set-bytes = 1400
[server]
listen = ["unix:/s", "[::]:15"]
allow-insecure-remote = true
admin-listen = "unix:/admin"
metrics-listen = "[::1]:24"
disk-warn-bytes = "25MiB"
max-message-bytes = "16MiB"
drain-timeout = "17ms"
reflection = false
[log]
level = "error"
format = "json"
)");
  const StoreOptions& store = config.store;
  EXPECT_EQ(store.suite, Suite::kBlake3);
  EXPECT_EQ(store.initial_version, 7);
  EXPECT_EQ(store.threads, 3u);
  EXPECT_EQ(store.background_threads, 5u);
  EXPECT_EQ(store.read_threads, 6u);
  EXPECT_EQ(store.direct_reads, DirectReadsChoice::kAlways);
  EXPECT_EQ(store.overlay_bytes_max, uint64_t{1} << 20);
  EXPECT_EQ(store.replay_bytes_max, uint64_t{2} << 20);
  EXPECT_EQ(store.wal_sync, WalSync::kInterval);
  EXPECT_EQ(store.wal_sync_interval, std::chrono::seconds(3));
  EXPECT_EQ(store.wal_segment_bytes, 4096u);
  EXPECT_EQ(store.wal_torn_tail, TornTail::kRefuse);
  EXPECT_EQ(store.row_cache_bytes, uint64_t{3} << 20);
  EXPECT_EQ(store.key_filter_bytes_max, uint64_t{7} << 20);
  EXPECT_EQ(store.block_cache_bytes, uint64_t{5} << 20);
  EXPECT_EQ(store.write_buffer_bytes, uint64_t{6} << 20);
  EXPECT_EQ(store.max_file_bytes, uint64_t{7} << 20);
  EXPECT_EQ(store.max_open_files, 80);
  EXPECT_FALSE(store.compression);
  EXPECT_EQ(store.limits.key_bytes_max, 111u);
  EXPECT_EQ(store.limits.module_bytes_max, 12u);
  EXPECT_EQ(store.limits.value_bytes_max, 1300u);
  EXPECT_EQ(store.limits.change_set_bytes_max, 1400u);
  EXPECT_EQ(store.snapshot.policy, SnapshotPolicy::kSizeRatio);
  EXPECT_EQ(store.snapshot.interval_versions, 9);
  EXPECT_EQ(store.snapshot.size_ratio, 18u);
  EXPECT_EQ(store.snapshot.size_ratio_floor_bytes, uint64_t{19} << 20);
  EXPECT_EQ(store.snapshot.keep_recent, 10u);
  EXPECT_TRUE(store.snapshot.allow_copy);
  EXPECT_EQ(store.snapshot.validation, SnapshotValidation::kFull);
  EXPECT_EQ(store.undo_depth, 20u);
  EXPECT_EQ(store.hash_log_versions, 25u);
  EXPECT_EQ(store.views.open_max, 21u);
  EXPECT_EQ(store.views.idle_max, std::chrono::seconds(22));
  EXPECT_EQ(store.views.memory_bytes_max, uint64_t{23} << 20);
  EXPECT_EQ(store.on_dirty_store, OnDirtyStore::kRestoreSnapshot);
  EXPECT_EQ(store.wipe_confirmation, "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(store.replay_check_every, 24u);
  EXPECT_EQ(store.scrub.interval, std::chrono::hours(26));
  EXPECT_EQ(store.scrub.bytes_per_second, uint64_t{27} << 10);
  EXPECT_TRUE(store.scrub.refuse_reads_when_corrupt);
  ASSERT_EQ(config.server.listen.size(), 2u);
  EXPECT_EQ(config.server.listen[0].path, "/s");
  EXPECT_EQ(config.server.listen[1], (ListenAddress{.host = "::", .port = 15}));
  EXPECT_TRUE(config.server.allow_insecure_remote);
  EXPECT_EQ(config.server.admin_listen, "unix:/admin");
  EXPECT_EQ(config.server.metrics_listen, "[::1]:24");
  EXPECT_EQ(config.server.disk_warn_bytes, uint64_t{25} << 20);
  EXPECT_EQ(config.server.max_message_bytes, uint64_t{16} << 20);
  EXPECT_EQ(config.server.drain_timeout, std::chrono::milliseconds(17));
  EXPECT_FALSE(config.server.reflection);
  EXPECT_EQ(config.log.level, LogLevel::kError);
  EXPECT_EQ(config.log.format, LogFormat::kJson);
  EXPECT_EQ(config.origins.size(), ConfigKeys().size());
}

TEST(ConfigSources, ZeroThreadsMeansTheMachinesDefault) {
  const Config config = MustParse("[store]\nthreads = 0\nbackground-threads = 0\n");
  EXPECT_EQ(config.store.threads, StoreOptions().threads);
  EXPECT_EQ(config.store.background_threads, StoreOptions().background_threads);
  EXPECT_GE(config.store.threads, 1u);
}

TEST(ConfigSources, EnvironmentOverridesTheFileAndFlagsOverrideBoth) {
  const Environment environment = {{"FLATKV_WAL_SYNC", "interval"}, {"FLATKV_LOG_LEVEL", "debug"}};
  const std::vector<FlagOverride> flags = {{"log.level", "warning", "--log-level"},
                                           {"log.level", "error", "--log-level"}};
  const Config config = MustParse(kFile, environment, flags);
  EXPECT_EQ(config.store.wal_sync, WalSync::kInterval);
  EXPECT_EQ(config.log.level, LogLevel::kError);
  EXPECT_EQ(config.store.block_cache_bytes, uint64_t{32} << 20);
  EXPECT_EQ(config.origins.at("wal.sync"), "environment FLATKV_WAL_SYNC");
  EXPECT_EQ(config.origins.at("log.level"), "flag --log-level");
  EXPECT_EQ(config.origins.at("cache.block-bytes"), "f.toml:4");
  EXPECT_EQ(config.origins.size(), 3u);
}

TEST(ConfigSources, EnvironmentSetsEveryType) {
  const Config config = MustParse("", {{"FLATKV_STORE_INITIAL_VERSION", "12"},
                                       {"FLATKV_STORE_SUITE", ""},
                                       {"FLATKV_CACHE_BLOCK_BYTES", "1048576"},
                                       {"FLATKV_SERVER_DRAIN_TIMEOUT", "1m"},
                                       {"FLATKV_SERVER_REFLECTION", "false"},
                                       {"FLATKV_SERVER_LISTEN", "unix:/a,localhost:0,[::1]:9"}});
  EXPECT_EQ(config.store.initial_version, 12);
  EXPECT_EQ(config.store.suite, std::nullopt);
  EXPECT_EQ(config.store.block_cache_bytes, uint64_t{1} << 20);
  EXPECT_EQ(config.server.drain_timeout, std::chrono::minutes(1));
  EXPECT_FALSE(config.server.reflection);
  ASSERT_EQ(config.server.listen.size(), 3u);
  EXPECT_EQ(ToString(config.server.listen[2]), "[::1]:9");
}

TEST(ConfigSources, BadEnvironmentValueNamesTheVariableAndTheKey) {
  EXPECT_EQ(
      ErrorOf({{"FLATKV_WAL_SYNC", "fsync"}}),
      "environment FLATKV_WAL_SYNC: [wal] sync: unknown value \"fsync\" (allowed: \"always\", "
      "\"interval\", \"off\")");
  EXPECT_THAT(ErrorOf({{"FLATKV_STORE_THREADS", "two"}}), HasSubstr("\"two\" is not an integer"));
  EXPECT_THAT(ErrorOf({{"FLATKV_STORE_THREADS", "2 "}}), HasSubstr("\"2 \" is not an integer"));
  EXPECT_THAT(ErrorOf({{"FLATKV_STORE_THREADS", "99999999999999999999"}}),
              HasSubstr("is not an integer"));
  EXPECT_THAT(ErrorOf({{"FLATKV_STORE_THREADS", "-1"}}), HasSubstr("-1 is out of range"));
  EXPECT_THAT(ErrorOf({{"FLATKV_SERVER_REFLECTION", "1"}}), HasSubstr("\"1\" is not a boolean"));
  EXPECT_THAT(ErrorOf({{"FLATKV_SERVER_LISTEN", ""}}), HasSubstr("the list is empty"));
}

TEST(ConfigSources, UnknownVariableOfAKnownSectionNamesTheNearest) {
  EXPECT_EQ(ErrorOf({{"FLATKV_WAL_SINK", "off"}}),
            "environment FLATKV_WAL_SINK: unknown variable of [wal], did you mean "
            "\"FLATKV_WAL_SYNC\"? (allowed: FLATKV_WAL_SYNC, FLATKV_WAL_SYNC_INTERVAL, "
            "FLATKV_WAL_SEGMENT_BYTES, FLATKV_WAL_TORN_TAIL)");
  EXPECT_THAT(ErrorOf({{"FLATKV_WAL_", "off"}}), HasSubstr("unknown variable of [wal] (allowed"));
}

TEST(ConfigSources, OtherVariablesAreLeftAlone) {
  MustParse(kFile, {{"FLATKV_HOME", "/var/lib/flatkv"},
                    {"FLATKV_LOG", "x"},
                    {"FLATKV_LOGS_DIR", "x"},
                    {"flatkv_wal_sync", "x"},
                    {"WAL_SYNC", "x"},
                    {"PATH", "/bin"}});
}

TEST(ConfigSources, BadFlagNamesTheFlag) {
  EXPECT_THAT(ErrorOf({}, {{"server.listen", "nowhere", "--listen"}}),
              StartsWith("flag --listen: [server] listen: \"nowhere\": the port is missing"));
  EXPECT_THAT(ErrorOf({}, {{"wal.sink", "off", "--set wal.sink"}}),
              StartsWith("flag --set wal.sink: [wal] sink: unknown key, did you mean \"sync\"?"));
  EXPECT_THAT(ErrorOf({}, {{"sync", "off", "--set sync"}}),
              StartsWith("flag --set sync: [sync]: unknown section"));
}

TEST(ConfigSources, FlagCanPermitWhatTheFileAloneMayNot) {
  const std::string file = "[server]\nlisten = [\"0.0.0.0:7450\"]\n";
  EXPECT_FALSE(ParseConfig(file, "f.toml", {}).ok());
  MustParse(file, {}, {{"server.allow-insecure-remote", "true", "--allow-insecure-remote"}});
}

TEST(ConfigSources, ProcessEnvironmentHoldsOnlyOurVariables) {
  ASSERT_EQ(setenv("FLATKV_WAL_SYNC", "a=b", 1), 0);  // NOLINT(concurrency-mt-unsafe)
  ASSERT_EQ(setenv("OTHER_WAL_SYNC", "c", 1), 0);     // NOLINT(concurrency-mt-unsafe)
  const Environment environment = ProcessEnvironment();
  ASSERT_EQ(unsetenv("FLATKV_WAL_SYNC"), 0);  // NOLINT(concurrency-mt-unsafe)
  ASSERT_EQ(environment.count("FLATKV_WAL_SYNC"), 1u);
  EXPECT_EQ(environment.at("FLATKV_WAL_SYNC"), "a=b");
  EXPECT_EQ(environment.count("OTHER_WAL_SYNC"), 0u);
}

TEST(ConfigSources, LoadReadsTheFileAndNamesItsPath) {
  const TemporaryFile good(kFile);
  const StatusOr<Config> config = LoadConfig(good.path(), {});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->store.wal_sync, WalSync::kOff);
  EXPECT_EQ(config->origins.at("wal.sync"), good.path() + ":2");

  const TemporaryFile bad("[wal]\nsnyc = 1\n");
  EXPECT_THAT(std::string(MessageOf(LoadConfig(bad.path(), {}).status())),
              StartsWith(bad.path() + ":2: [wal] snyc: unknown key"));
}

TEST(ConfigSources, LoadRefusesMissingAndOversizedFiles) {
  const StatusOr<Config> missing = LoadConfig(testing::TempDir() + "no-such-flatkv.toml", {});
  EXPECT_EQ(missing.status().code(), StatusCode::kNotFound);
  EXPECT_FALSE(LoadConfig(testing::TempDir(), {}).ok());

  const TemporaryFile full(std::string(size_t{1} << 20, '\n'));
  EXPECT_TRUE(LoadConfig(full.path(), {}).ok());
  const TemporaryFile oversized(std::string((size_t{1} << 20) + 1, '\n'));
  EXPECT_EQ(MessageOf(LoadConfig(oversized.path(), {}).status()),
            oversized.path() + ": larger than 1048576 bytes");
}

}  // namespace
}  // namespace flatkv
