// Sizes and durations as text: "256MiB", "200ms". A whole number and a unit with nothing before,
// between or after; units are case-sensitive. Errors: kInvalidArgument, saying what is wrong with
// the text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "flatkv/base/status.h"

namespace flatkv {

// Bytes. Units: B, KiB, MiB, GiB, TiB; a number alone counts bytes.
StatusOr<int64_t> ParseSize(std::string_view text);
// Milliseconds. Units: ms, s, m, h; the unit is required.
StatusOr<int64_t> ParseDuration(std::string_view text);

// In the largest unit that leaves a whole number. REQUIRES: the argument is not negative.
std::string FormatSize(int64_t bytes);
std::string FormatDuration(int64_t milliseconds);

}  // namespace flatkv
