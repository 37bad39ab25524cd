// The IDENTITY file: what a store is, written once at its creation. Format: docs/format.md,
// "Identity".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"

namespace flatkv {

constexpr uint64_t kIdentityBytesMax = 4096;  // no IDENTITY file is longer

struct Identity {
  std::string store_id;  // 32 hex digits, random
  Suite suite = Suite::kSha256;
  Version initial_version = 1;
};

// A new identity with a random store id.
Identity NewIdentity(Suite suite, Version initial_version);

std::string EncodeIdentity(const Identity& identity);
// Strict: exact lines in order and a matching checksum. `path` is for messages.
// Errors: kDataLoss; kFailedPrecondition with Reason::kIncompatibleFormat for a format that this
// build does not read.
StatusOr<Identity> DecodeIdentity(std::string_view text, std::string_view path);

}  // namespace flatkv
