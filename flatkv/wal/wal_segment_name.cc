#include "flatkv/wal/wal_segment_name.h"

#include <fmt/core.h>

#include <cstdint>

#include "flatkv/base/check.h"
#include "flatkv/fs/path.h"
#include "flatkv/wal/wal_codec.h"

namespace flatkv::wal_internal {
namespace {

constexpr size_t kDigits = 20;
constexpr std::string_view kSuffix = ".wal";

}  // namespace

std::string SegmentName(Version first) {
  FLATKV_CHECK(first >= 1 && first <= kVersionMax);
  return fmt::format("{:020}{}", first, kSuffix);
}

std::optional<Version> ParseSegmentName(std::string_view name) {
  if (name.size() != kDigits + kSuffix.size() || name.substr(kDigits) != kSuffix) {
    return std::nullopt;
  }
  uint64_t value = 0;
  for (const char c : name.substr(0, kDigits)) {
    if (c < '0' || c > '9') {
      return std::nullopt;
    }
    const uint64_t digit = static_cast<uint64_t>(c - '0');
    if (value > (static_cast<uint64_t>(INT64_MAX) - digit) / 10) {
      return std::nullopt;
    }
    value = value * 10 + digit;
  }
  if (value == 0 || value > static_cast<uint64_t>(kVersionMax)) {
    return std::nullopt;
  }
  return static_cast<Version>(value);
}

std::string SegmentPath(std::string_view directory, Version first) {
  return JoinPath(directory, SegmentName(first));
}

}  // namespace flatkv::wal_internal
