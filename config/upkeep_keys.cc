#include <cstdint>
#include <span>
#include <string_view>

#include "config/key_binding.h"
#include "config/key_tables.h"

namespace flatkv {
namespace {

constexpr KeyChoices kReadsWhenCorrupt = {"serve", "refuse"};

constexpr KeySpec kKeys[] = {
    {.section = "scrub",
     .name = "interval",
     .type = KeyType::kDuration,
     .field = NumberField<&Config::store, &StoreOptions::scrub, &ScrubOptions::interval>(),
     .max = 365 * 24 * kMillisecondsOfHour,
     .zero_meaning = "only by command",
     .unit = "ms, s, m or h",
     .description = "Time from the end of a scrub's pass over everything to the next."},
    {.section = "scrub",
     .name = "bytes-per-second",
     .type = KeyType::kSize,
     .field = NumberField<&Config::store, &StoreOptions::scrub, &ScrubOptions::bytes_per_second>(),
     .max = kTiB,
     .zero_meaning = "as fast as it goes",
     .unit = "bytes",
     .description = "How fast a scrub reads at most."},
    {.section = "scrub",
     .name = "reads-when-corrupt",
     .type = KeyType::kChoice,
     .field = NumberField<&Config::store, &StoreOptions::scrub,
                          &ScrubOptions::refuse_reads_when_corrupt>(),
     .choices = kReadsWhenCorrupt,
     .description = "What becomes of reads once damage was found."},
};

}  // namespace

std::span<const KeySpec> UpkeepKeys() { return kKeys; }

}  // namespace flatkv
