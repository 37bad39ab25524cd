// The names of a Sei stream's part files: 0, 1, 2 ... without leading zeros.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flatkv {

inline std::string PartName(uint64_t number) { return std::to_string(number); }

// Unset for a name that PartName does not give.
inline std::optional<uint64_t> PartNumber(std::string_view name) {
  uint64_t number = 0;
  const std::from_chars_result parsed =
      std::from_chars(name.data(), name.data() + name.size(), number);
  return parsed.ec == std::errc() && PartName(number) == name ? std::optional(number)
                                                              : std::nullopt;
}

}  // namespace flatkv
