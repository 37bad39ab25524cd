#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "config/key_binding.h"
#include "config/key_tables.h"
#include "flatkv/base/status.h"

namespace flatkv {
namespace {

constexpr KeyChoices kPolicies = {"interval", "size-ratio", "manual"};
constexpr KeyChoices kValidations = {"quick", "full"};
constexpr KeyChoices kOnDirtyStore = {"recover", "fail", "restore-snapshot", "wipe"};
static_assert(static_cast<int>(SnapshotPolicy::kInterval) == 0 &&
              static_cast<int>(SnapshotPolicy::kSizeRatio) == 1 &&
              static_cast<int>(SnapshotPolicy::kManual) == 2);
static_assert(static_cast<int>(SnapshotValidation::kQuick) == 0 &&
              static_cast<int>(SnapshotValidation::kFull) == 1);
static_assert(static_cast<int>(OnDirtyStore::kRecover) == 0 &&
              static_cast<int>(OnDirtyStore::kFail) == 1 &&
              static_cast<int>(OnDirtyStore::kRestoreSnapshot) == 2 &&
              static_cast<int>(OnDirtyStore::kWipe) == 3);

constexpr size_t kStoreIdDigits = 32;

Status CheckStoreId(std::string_view text) {
  const bool is_hex = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  if (!text.empty() && (text.size() != kStoreIdDigits || !is_hex)) {
    return InvalidArgument("that is not the id of a store");
  }
  return OkStatus();
}

constexpr KeySpec kKeys[] = {
    {.section = "snapshot",
     .name = "policy",
     .type = KeyType::kChoice,
     .field = NumberField<&Config::store, &StoreOptions::snapshot, &SnapshotOptions::policy>(),
     .choices = kPolicies,
     .description = "When a snapshot is taken by itself."},
    {.section = "snapshot",
     .name = "interval",
     .field = NumberField<&Config::store, &StoreOptions::snapshot,
                          &SnapshotOptions::interval_versions>(),
     .min = 1,
     .max = 1'000'000'000,
     .unit = "versions",
     .description = "Versions between two snapshots when policy is \"interval\"."},
    {.section = "snapshot",
     .name = "size-ratio",
     .field = NumberField<&Config::store, &StoreOptions::snapshot, &SnapshotOptions::size_ratio>(),
     .min = 1,
     .max = 1'000,
     .unit = "times",
     .description = "How many times its last snapshot the changelog may grow to when policy is "
                    "\"size-ratio\"."},
    {.section = "snapshot",
     .name = "size-ratio-floor",
     .type = KeyType::kSize,
     .field = NumberField<&Config::store, &StoreOptions::snapshot,
                          &SnapshotOptions::size_ratio_floor_bytes>(),
     .min = kMiB,
     .max = 16 * kTiB,
     .unit = "bytes",
     .description = "The size that a smaller snapshot counts as when policy is \"size-ratio\"."},
    {.section = "snapshot",
     .name = "keep-recent",
     .field = NumberField<&Config::store, &StoreOptions::snapshot, &SnapshotOptions::keep_recent>(),
     .max = 1'000'000,
     .unit = "snapshots",
     .description = "Older snapshots that are kept beside the current one."},
    {.section = "snapshot",
     .name = "allow-copy",
     .type = KeyType::kBoolean,
     .field = NumberField<&Config::store, &StoreOptions::snapshot, &SnapshotOptions::allow_copy>(),
     .description = "Copies table files that cannot be hard-linked; otherwise such a snapshot "
                    "fails."},
    {.section = "snapshot",
     .name = "validation",
     .type = KeyType::kChoice,
     .field = NumberField<&Config::store, &StoreOptions::snapshot, &SnapshotOptions::validation>(),
     .choices = kValidations,
     .description = "How a snapshot is checked before the store starts from it."},
    {.section = "rollback",
     .name = "undo-depth",
     .field = NumberField<&Config::store, &StoreOptions::undo_depth>(),
     .max = 1'000'000,
     .zero_meaning = "no undo records are kept",
     .unit = "versions",
     .description = "Recent versions that can be rolled back, and read, without a clone."},
    {.section = "hashlog",
     .name = "versions",
     .field = NumberField<&Config::store, &StoreOptions::hash_log_versions>(),
     .max = 1'000'000'000,
     .zero_meaning = "no hash log is kept",
     .unit = "versions",
     .description = "Recent versions whose root and hashes the hash log keeps, at least."},
    {.section = "views",
     .name = "max-open",
     .field = NumberField<&Config::store, &StoreOptions::views, &ViewOptions::open_max>(),
     .min = 1,
     .max = 1'024,
     .unit = "views",
     .description = "Old versions that are open for reading, or kept open, at a time."},
    {.section = "views",
     .name = "max-idle",
     .type = KeyType::kDuration,
     .field = NumberField<&Config::store, &StoreOptions::views, &ViewOptions::idle_max>(),
     .max = 24 * kMillisecondsOfHour,
     .unit = "ms, s, m or h",
     .description = "Time after which an old version that nobody reads is closed."},
    {.section = "views",
     .name = "memory-bytes",
     .type = KeyType::kSize,
     .field = NumberField<&Config::store, &StoreOptions::views, &ViewOptions::memory_bytes_max>(),
     .min = kMiB,
     .max = kTiB,
     .unit = "bytes",
     .description = "Memory for the undo rows and write buffers of all open old versions."},
    {.section = "recovery",
     .name = "on-dirty-store",
     .type = KeyType::kChoice,
     .field = NumberField<&Config::store, &StoreOptions::on_dirty_store>(),
     .choices = kOnDirtyStore,
     .description = "What a start does with a store that was not closed cleanly."},
    {.section = "recovery",
     .name = "wipe-confirmation",
     .type = KeyType::kText,
     .field = TextField<&Config::store, &StoreOptions::wipe_confirmation>(),
     .allowed = "\"\", the 32 hexadecimal digits of a store's id",
     .check = &CheckStoreId,
     .description = "The id of the store that on-dirty-store = \"wipe\" may give up."},
    {.section = "recovery",
     .name = "check-every",
     .field = NumberField<&Config::store, &StoreOptions::replay_check_every>(),
     .min = 1,
     .max = 1'000'000,
     .unit = "versions",
     .description = "Versions to one check of the root while the changelog is replayed."},
};

}  // namespace

std::span<const KeySpec> HistoryKeys() { return kKeys; }

}  // namespace flatkv
