// SHA-256 by OpenSSL (FIPS 180-4).
#pragma once

#include <initializer_list>
#include <string_view>

#include "flatkv/base/types.h"

namespace flatkv {

// The digest of the parts' concatenation.
Digest Sha256(std::initializer_list<std::string_view> parts);
inline Digest Sha256(std::string_view bytes) { return Sha256({bytes}); }

}  // namespace flatkv
