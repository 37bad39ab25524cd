// Names of quarantine entries: "<UTC time>-<16 random hex digits>".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flatkv {

// "20260102T030405Z-1a2b3c4d5e6f7081", another one with each call. A time after the year 9999
// counts as its end.
std::string NewQuarantineName(uint64_t unix_seconds);
// The time in an entry's name; nullopt for every other name. What passes is safe as a file name.
std::optional<uint64_t> ParseQuarantineName(std::string_view name);

}  // namespace flatkv
