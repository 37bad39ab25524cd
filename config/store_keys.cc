#include <cstdint>
#include <span>
#include <string_view>

#include "config/key_binding.h"
#include "config/key_tables.h"

namespace flatkv {
namespace {

constexpr KeyChoices kSuites = {"", "sha256", "blake3"};
constexpr KeyChoices kWalSyncs = {"always", "interval", "off"};
constexpr KeyChoices kTornTails = {"repair", "refuse"};
constexpr KeyChoices kDirectReads = {"auto", "always", "never"};
constexpr KeyChoices kCompressions = {"none", "snappy"};
static_assert(static_cast<int>(Suite::kSha256) == 1 && static_cast<int>(Suite::kBlake3) == 2);
static_assert(static_cast<int>(WalSync::kAlways) == 0 &&
              static_cast<int>(WalSync::kInterval) == 1 && static_cast<int>(WalSync::kOff) == 2);
static_assert(static_cast<int>(DirectReadsChoice::kAuto) == 0 &&
              static_cast<int>(DirectReadsChoice::kAlways) == 1 &&
              static_cast<int>(DirectReadsChoice::kNever) == 2);
static_assert(static_cast<int>(TornTail::kRepair) == 0 && static_cast<int>(TornTail::kRefuse) == 1);

// LevelDB clips these options silently (SanitizeOptions in db_impl.cc, 1.23); a value that would be
// clipped is refused.
constexpr int64_t kLevelDbBufferMin = 64 * kKiB;
constexpr int64_t kLevelDbOpenFilesMin = 74;
constexpr int64_t kLevelDbOpenFilesMax = 50'000;
// The code DB gets a quarter of the write buffer.
constexpr int64_t kWriteBufferMin = 4 * kLevelDbBufferMin;

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
     .description = "Threads that find old rows in memory and hash, the committing one included."},
    {.section = "store",
     .name = "read-threads",
     .field = NumberField<&Config::store, &StoreOptions::read_threads>(),
     .min = 1,
     .max = 1024,
     .unit = "threads",
     .description = "Threads that read from the data DBs what a commit replaces and no cache has, "
                    "while the disk has to answer."},
    {.section = "store",
     .name = "direct-reads",
     .type = KeyType::kChoice,
     .field = NumberField<&Config::store, &StoreOptions::direct_reads>(),
     .choices = kDirectReads,
     .description = "Whether what a commit replaces and no cache has is read past the page cache."},
    {.section = "store",
     .name = "background-threads",
     .machine_default = true,
     .field = MachineDefaultField<&Config::store, &StoreOptions::background_threads>(),
     .max = 1024,
     .zero_meaning = "cores - 1, at least 1",
     .unit = "threads",
     .description =
         "Threads that compact, shared by the four data DBs. Flushes have one of their own."},
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
     .name = "row-bytes",
     .type = KeyType::kSize,
     .field = NumberField<&Config::store, &StoreOptions::row_cache_bytes>(),
     .min = 0,
     .max = 16 * kTiB,
     .unit = "bytes",
     .description = "Cache of rows, about 68 bytes for a storage row; 0 turns it off."},
    {.section = "cache",
     .name = "filter-bytes",
     .type = KeyType::kSize,
     .field = NumberField<&Config::store, &StoreOptions::key_filter_bytes_max>(),
     .min = 0,
     .max = kTiB,
     .unit = "bytes",
     .description =
         "Most memory for the filter over all keys, which takes 1.5 bytes a key; 0 turns "
         "it off."},
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
};

}  // namespace

std::span<const KeySpec> StoreKeys() { return kKeys; }

}  // namespace flatkv
