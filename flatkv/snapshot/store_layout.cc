#include "flatkv/snapshot/store_layout.h"

#include <fmt/format.h>

#include <charconv>

namespace flatkv {
namespace {

constexpr std::string_view kSnapshotPrefix = "snapshot-";
constexpr size_t kVersionDigits = 20;

}  // namespace

std::string SnapshotName(Version version) {
  // A negative version, which no store has, gives a name that ParseSnapshotName refuses.
  return fmt::format("{}{:020}", kSnapshotPrefix, version);
}

std::optional<Version> ParseSnapshotName(std::string_view name) {
  if (name.size() != kSnapshotPrefix.size() + kVersionDigits ||
      !name.starts_with(kSnapshotPrefix)) {
    return std::nullopt;
  }
  const std::string_view digits = name.substr(kSnapshotPrefix.size());
  if (digits.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  Version version = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
  return error == std::errc() ? std::optional<Version>(version) : std::nullopt;
}

}  // namespace flatkv
