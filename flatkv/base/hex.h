// Lower-case hexadecimal text.
#pragma once

#include <string>
#include <string_view>

#include "flatkv/base/status.h"

namespace flatkv {

std::string HexEncode(std::string_view bytes);
// Strict: an even number of digits, upper or lower case, nothing else. Errors: kInvalidArgument.
StatusOr<std::string> HexDecode(std::string_view text);

}  // namespace flatkv
