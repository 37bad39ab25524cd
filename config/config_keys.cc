#include "config/config_keys.h"

#include <cstdint>
#include <span>
#include <string_view>

#include "config/key_binding.h"

namespace flatkv {
namespace {

constexpr int64_t kKiB = int64_t{1} << 10;
constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kGiB = int64_t{1} << 30;
constexpr int64_t kTiB = int64_t{1} << 40;
constexpr int64_t kMillisecondsOfHour = 3'600'000;

using Choices = std::string_view[];
constexpr Choices kSuites = {"", "sha256", "blake3"};
constexpr Choices kWalSyncs = {"always", "interval", "off"};
constexpr Choices kTornTails = {"repair", "refuse"};
constexpr Choices kCompressions = {"none", "snappy"};
constexpr Choices kPolicies = {"interval", "size-ratio", "manual"};
constexpr Choices kLogLevels = {"debug", "info", "warning", "error"};
constexpr Choices kLogFormats = {"text", "json"};
// A choice's place is the number of the enum's value.
static_assert(static_cast<int>(Suite::kSha256) == 1 && static_cast<int>(Suite::kBlake3) == 2);
static_assert(static_cast<int>(WalSync::kAlways) == 0 &&
              static_cast<int>(WalSync::kInterval) == 1 && static_cast<int>(WalSync::kOff) == 2);
static_assert(static_cast<int>(TornTail::kRepair) == 0 && static_cast<int>(TornTail::kRefuse) == 1);
static_assert(static_cast<int>(SnapshotPolicy::kInterval) == 0 &&
              static_cast<int>(SnapshotPolicy::kSizeRatio) == 1 &&
              static_cast<int>(SnapshotPolicy::kManual) == 2);
static_assert(static_cast<int>(LogLevel::kDebug) == 0 && static_cast<int>(LogLevel::kInfo) == 1 &&
              static_cast<int>(LogLevel::kWarning) == 2 && static_cast<int>(LogLevel::kError) == 3);
static_assert(static_cast<int>(LogFormat::kText) == 0 && static_cast<int>(LogFormat::kJson) == 1);

// LevelDB clips these options silently (SanitizeOptions in db_impl.cc, 1.23); a value that would be
// clipped is refused.
constexpr int64_t kLevelDbBufferMin = 64 * kKiB;
constexpr int64_t kLevelDbOpenFilesMin = 74;
constexpr int64_t kLevelDbOpenFilesMax = 50'000;
// The code DB gets a quarter of the write buffer.
constexpr int64_t kWriteBufferMin = 4 * kLevelDbBufferMin;
// Prefix, address and slot of a storage key, rounded up (docs/format.md).
constexpr int64_t kKeyBytesMin = 64;

constexpr KeySpec kKeys[] = {
    {.section = "store",
     .name = "suite",
     .type = KeyType::kChoice,
     .field = OptionalField<&Config::store, &StoreOptions::suite>(),
     .choices = kSuites,
     .description =
         "The hash suite of a store; \"\" keeps the store's own and gives a new store sha256."},
    {.section = "store",
     .name = "initial-version",
     .field = OptionalField<&Config::store, &StoreOptions::initial_version>(),
     .max = int64_t{1} << 62,
     .zero_meaning = "unset, a new store begins at 1",
     .unit = "versions",
     .description = "The version of a new store's first commit."},
    {.section = "store",
     .name = "threads",
     .machine_default = true,
     .field = MachineDefaultField<&Config::store, &StoreOptions::threads>(),
     .max = 1024,
     .zero_meaning = "one per core",
     .unit = "threads",
     .description = "Threads that read old rows and hash, the committing one included."},
    {.section = "store",
     .name = "background-threads",
     .machine_default = true,
     .field = MachineDefaultField<&Config::store, &StoreOptions::background_threads>(),
     .max = 1024,
     .zero_meaning = "cores - 1, at least 1",
     .unit = "threads",
     .description = "Threads that flush and compact, shared by the four data DBs."},
    {.section = "store",
     .name = "overlay-bytes",
     .type = KeyType::kSize,
     .field = NumberField<&Config::store, &StoreOptions::overlay_bytes_max>(),
     .min = 64 * kKiB,
     .max = kTiB,
     .unit = "bytes",
     .description = "Memory for committed rows that are not yet in the data DBs."},
    {.section = "store",
     .name = "replay-bytes",
     .type = KeyType::kSize,
     .field = NumberField<&Config::store, &StoreOptions::replay_bytes_max>(),
     .min = 64 * kKiB,
     .max = 16 * kTiB,
     .unit = "bytes",
     .description = "Changelog that a data DB may lag behind the head before it is flushed."},
    {.section = "wal",
     .name = "sync",
     .type = KeyType::kChoice,
     .field = NumberField<&Config::store, &StoreOptions::wal_sync>(),
     .choices = kWalSyncs,
     .description = "How durable a version is when its commit is answered."},
    {.section = "wal",
     .name = "sync-interval",
     .type = KeyType::kDuration,
     .field = NumberField<&Config::store, &StoreOptions::wal_sync_interval>(),
     .min = 1,
     .max = kMillisecondsOfHour,
     .unit = "ms, s, m or h",
     .description = "Time between two syncs of the changelog when sync is \"interval\"."},
    {.section = "wal",
     .name = "segment-bytes",
     .type = KeyType::kSize,
     .field = NumberField<&Config::store, &StoreOptions::wal_segment_bytes>(),
     .min = 4 * kKiB,
     .max = 16 * kGiB,
     .unit = "bytes",
     .description = "Size at which a changelog segment is sealed and the next one begun."},
    {.section = "wal",
     .name = "torn-tail",
     .type = KeyType::kChoice,
     .field = NumberField<&Config::store, &StoreOptions::wal_torn_tail>(),
     .choices = kTornTails,
     .description = "What an open does with an incomplete record at the end of the changelog."},
    {.section = "cache",
     .name = "block-bytes",
     .type = KeyType::kSize,
     .field = NumberField<&Config::store, &StoreOptions::block_cache_bytes>(),
     .min = kMiB,
     .max = 16 * kTiB,
     .unit = "bytes",
     .description = "LevelDB's cache of uncompressed blocks, shared by the four data DBs."},
    {.section = "engine",
     .name = "write-buffer-bytes",
     .type = KeyType::kSize,
     .field = NumberField<&Config::store, &StoreOptions::write_buffer_bytes>(),
     .min = kWriteBufferMin,
     .max = kGiB,
     .unit = "bytes",
     .description = "Memtable of each of the account, storage and misc DBs; the code DB gets a "
                    "quarter."},
    {.section = "engine",
     .name = "max-file-bytes",
     .type = KeyType::kSize,
     .field = NumberField<&Config::store, &StoreOptions::max_file_bytes>(),
     .min = kMiB,
     .max = kGiB,
     .unit = "bytes",
     .description = "Size at which LevelDB begins the next table file."},
    {.section = "engine",
     .name = "max-open-files",
     .field = NumberField<&Config::store, &StoreOptions::max_open_files>(),
     .min = kLevelDbOpenFilesMin,
     .max = kLevelDbOpenFilesMax,
     .unit = "files",
     .description = "Table files that each data DB keeps open."},
    {.section = "engine",
     .name = "compression",
     .type = KeyType::kChoice,
     .field = NumberField<&Config::store, &StoreOptions::compression>(),
     .choices = kCompressions,
     .description = "Compression of the blocks of new table files."},
    {.section = "snapshot",
     .name = "policy",
     .type = KeyType::kChoice,
     .field = NumberField<&Config::snapshot, &SnapshotConfig::policy>(),
     .choices = kPolicies,
     .description = "When a snapshot is taken."},
    {.section = "snapshot",
     .name = "interval",
     .field = NumberField<&Config::snapshot, &SnapshotConfig::interval_versions>(),
     .min = 1,
     .max = 1'000'000'000,
     .unit = "versions",
     .description = "Versions between two snapshots when policy is \"interval\"."},
    {.section = "snapshot",
     .name = "keep-recent",
     .field = NumberField<&Config::snapshot, &SnapshotConfig::keep_recent>(),
     .max = 1'000'000,
     .unit = "snapshots",
     .description = "Older snapshots that are kept beside the current one."},
    {.section = "limits",
     .name = "max-key-bytes",
     .type = KeyType::kSize,
     .field = NumberField<&Config::store, &StoreOptions::limits, &ChangeSetLimits::key_bytes_max>(),
     .min = kKeyBytesMin,
     .max = kMiB,
     .unit = "bytes",
     .description = "The longest key of a pair, module name excluded."},
    {.section = "limits",
     .name = "max-module-bytes",
     .type = KeyType::kSize,
     .field =
         NumberField<&Config::store, &StoreOptions::limits, &ChangeSetLimits::module_bytes_max>(),
     .min = 8,
     .max = 4 * kKiB,
     .unit = "bytes",
     .description = "The longest module name."},
    {.section = "limits",
     .name = "max-value-bytes",
     .type = KeyType::kSize,
     .field =
         NumberField<&Config::store, &StoreOptions::limits, &ChangeSetLimits::value_bytes_max>(),
     .min = kKiB,
     .max = kGiB,
     .unit = "bytes",
     .description = "The longest value of a pair."},
    {.section = "limits",
     .name = "max-change-set-bytes",
     .type = KeyType::kSize,
     .field = NumberField<&Config::store, &StoreOptions::limits,
                          &ChangeSetLimits::change_set_bytes_max>(),
     .min = kKiB,
     .max = kGiB,
     .unit = "bytes",
     .description = "The largest encoding of all changes of one version."},
    {.section = "server",
     .name = "listen",
     .type = KeyType::kAddressList,
     .field = AddressListField<&Config::server, &ServerConfig::listen>(),
     .description = "Addresses on which the daemon serves gRPC; port 0 takes any free port."},
    {.section = "server",
     .name = "allow-insecure-remote",
     .type = KeyType::kBoolean,
     .field = NumberField<&Config::server, &ServerConfig::allow_insecure_remote>(),
     .description = "Permits an address in listen that other machines can reach, unencrypted."},
    {.section = "server",
     .name = "max-message-bytes",
     .type = KeyType::kSize,
     .field = NumberField<&Config::server, &ServerConfig::max_message_bytes>(),
     .min = 64 * kKiB,
     .max = 2 * kGiB - kMiB,
     .unit = "bytes",
     .description = "The largest gRPC message that the daemon accepts."},
    {.section = "server",
     .name = "drain-timeout",
     .type = KeyType::kDuration,
     .field = NumberField<&Config::server, &ServerConfig::drain_timeout>(),
     .max = kMillisecondsOfHour,
     .unit = "ms, s, m or h",
     .description = "Time that calls in progress have to finish after SIGTERM."},
    {.section = "server",
     .name = "reflection",
     .type = KeyType::kBoolean,
     .field = NumberField<&Config::server, &ServerConfig::reflection>(),
     .description = "Serves gRPC reflection, with which grpcurl lists and calls the services."},
    {.section = "log",
     .name = "level",
     .type = KeyType::kChoice,
     .field = NumberField<&Config::log, &LogConfig::level>(),
     .choices = kLogLevels,
     .description = "The least severe events that are logged."},
    {.section = "log",
     .name = "format",
     .type = KeyType::kChoice,
     .field = NumberField<&Config::log, &LogConfig::format>(),
     .choices = kLogFormats,
     .description = "The form of a log line."},
};

}  // namespace

std::span<const KeySpec> ConfigKeys() { return kKeys; }

}  // namespace flatkv
