// The numbers of a Sei stream. docs/format.md, "Sei stream", has the bytes and where they come
// from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "flatkv/base/status.h"

namespace flatkv {

// The store of a Cosmos SDK snapshot that holds FlatKV's rows.
inline constexpr std::string_view kSeiStoreName = "flatkv";
// Every part file but the last has exactly so many bytes.
inline constexpr uint64_t kSeiPartBytes = 10'000'000;
// A reader of the Cosmos SDK takes no longer items.
inline constexpr uint64_t kSeiItemBytesMax = 64'000'000;
inline constexpr int kSeiZlibLevel = 7;

// kDataLoss with Reason::kArchiveCorrupt: "Sei stream PATH: WHAT".
Status SeiCorrupt(std::string_view path, std::string_view what);

}  // namespace flatkv
