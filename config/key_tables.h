// The parts of the table of keys, and what they share.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "config/config_keys.h"

namespace flatkv {

inline constexpr int64_t kKiB = int64_t{1} << 10;
inline constexpr int64_t kMiB = int64_t{1} << 20;
inline constexpr int64_t kGiB = int64_t{1} << 30;
inline constexpr int64_t kTiB = int64_t{1} << 40;
inline constexpr int64_t kMillisecondsOfHour = 3'600'000;

// A choice's place is the number of the enum's value.
using KeyChoices = std::string_view[];

// [store], [wal], [cache], [engine]: how a version is committed and kept.
std::span<const KeySpec> StoreKeys();
// [snapshot], [rollback], [hashlog], [views], [recovery]: how to come back to a version.
std::span<const KeySpec> HistoryKeys();
// [scrub]: what the daemon does by itself to find damage.
std::span<const KeySpec> UpkeepKeys();
// [limits], [server], [log]: how the daemon serves.
std::span<const KeySpec> ServiceKeys();

}  // namespace flatkv
