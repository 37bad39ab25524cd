#include "flatkv/snapshot/quarantine_name.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <charconv>

#include "flatkv/snapshot/random_id.h"

namespace flatkv {
namespace {

constexpr uint64_t kLastSecond = 253402300799;  // 9999-12-31T23:59:59Z
constexpr size_t kTimeChars = 16;
constexpr size_t kIdDigits = 16;

std::string TimeText(uint64_t unix_seconds) {
  const auto seconds = static_cast<time_t>(std::min(unix_seconds, kLastSecond));
  tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

int Number(std::string_view digits) {
  int value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

}  // namespace

std::string NewQuarantineName(uint64_t unix_seconds) {
  return fmt::format("{}-{}", TimeText(unix_seconds), RandomHex(kIdDigits));
}

std::optional<uint64_t> ParseQuarantineName(std::string_view name) {
  if (name.size() != kTimeChars + 1 + kIdDigits || name[kTimeChars] != '-' ||
      !IsHexId(name.substr(kTimeChars + 1), kIdDigits)) {
    return std::nullopt;
  }
  const std::string_view text = name.substr(0, kTimeChars);
  tm utc{};
  utc.tm_year = Number(text.substr(0, 4)) - 1900;
  utc.tm_mon = Number(text.substr(4, 2)) - 1;
  utc.tm_mday = Number(text.substr(6, 2));
  utc.tm_hour = Number(text.substr(9, 2));
  utc.tm_min = Number(text.substr(11, 2));
  utc.tm_sec = Number(text.substr(13, 2));
  const time_t seconds = timegm(&utc);
  // Whatever is no time of day, or no number at all, does not come back as the same text.
  if (seconds < 0 || TimeText(static_cast<uint64_t>(seconds)) != text) {
    return std::nullopt;
  }
  return static_cast<uint64_t>(seconds);
}

}  // namespace flatkv
