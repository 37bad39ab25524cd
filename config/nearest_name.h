// The name that a misspelled one was probably meant to be.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flatkv {

// Insertions, deletions and substitutions of one byte that turn `a` into `b` (Levenshtein 1966).
size_t EditDistance(std::string_view a, std::string_view b);

// The first candidate with the smallest distance; nothing when that is more than half of the name's
// length, for then the two have little in common.
std::optional<std::string> NearestName(std::string_view name,
                                       const std::vector<std::string>& candidates);

}  // namespace flatkv
