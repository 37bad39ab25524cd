// Names in the changelog directory; no I/O.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "flatkv/base/types.h"

namespace flatkv::wal_internal {

// The durable mark of a cut in progress (wal_cut.h).
inline constexpr char kCutMarkName[] = "CUT";
// Ends the name of a file that an interrupted durable write left behind.
inline constexpr char kLeftoverSuffix[] = "-tmp";

// "00000000000000000042.wal": sorted names are sorted versions.
std::string SegmentName(Version first);
// Strict: exactly what SegmentName gives for a version >= 1.
std::optional<Version> ParseSegmentName(std::string_view name);
std::string SegmentPath(std::string_view directory, Version first);

}  // namespace flatkv::wal_internal
