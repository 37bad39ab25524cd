// Random names that nobody has used before.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace flatkv {

// `digits` random lower-case hexadecimal digits, from the operating system's or processor's source.
std::string RandomHex(size_t digits);
// Whether `text` is exactly `digits` lower-case hexadecimal digits. What passes is safe as a file
// name.
bool IsHexId(std::string_view text, size_t digits);

}  // namespace flatkv
