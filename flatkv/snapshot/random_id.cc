#include "flatkv/snapshot/random_id.h"

#include <random>

namespace flatkv {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

}  // namespace

std::string RandomHex(size_t digits) {
  std::random_device random;
  std::string text;
  text.reserve(digits);
  while (text.size() < digits) {
    for (unsigned value = random(), left = 8; left > 0 && text.size() < digits; --left) {
      text.push_back(kDigits[value & 15]);
      value >>= 4;
    }
  }
  return text;
}

bool IsHexId(std::string_view text, size_t digits) {
  return text.size() == digits && text.find_first_not_of(kDigits) == std::string_view::npos;
}

}  // namespace flatkv
