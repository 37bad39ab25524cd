#include "config/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <span>

namespace flatkv {
namespace {

struct Unit {
  std::string_view name;
  int64_t factor;
};

// Smallest first, so that formatting finds the largest last.
constexpr std::array<Unit, 5> kSizeUnits = {{{"B", 1},
                                             {"KiB", int64_t{1} << 10},
                                             {"MiB", int64_t{1} << 20},
                                             {"GiB", int64_t{1} << 30},
                                             {"TiB", int64_t{1} << 40}}};
constexpr std::array<Unit, 4> kDurationUnits = {
    {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}}};

std::string UnitNames(std::span<const Unit> units) {
  std::string names;
  for (const Unit& unit : units) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", unit.name);
  }
  return names;
}

// `bare_factor`: what a number without a unit counts; 0 refuses it.
StatusOr<int64_t> ParseQuantity(std::string_view text, std::span<const Unit> units,
                                int64_t bare_factor) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0) {
    return InvalidArgument(fmt::format("\"{}\" does not begin with a digit", text));
  }
  const std::string_view unit_name = text.substr(digits);
  int64_t factor = unit_name.empty() ? bare_factor : 0;
  for (const Unit& unit : units) {
    if (unit.name == unit_name) {
      factor = unit.factor;
    }
  }
  if (factor == 0) {
    return InvalidArgument(
        unit_name.empty() ? fmt::format("\"{}\" has no unit (units: {})", text, UnitNames(units))
                          : fmt::format("\"{}\" has the unknown unit \"{}\" (units: {})", text,
                                        unit_name, UnitNames(units)));
  }
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
  int64_t quantity = 0;
  if (error != std::errc() || __builtin_mul_overflow(number, factor, &quantity)) {
    return InvalidArgument(fmt::format("\"{}\" is too large", text));
  }
  return quantity;
}

std::string FormatQuantity(int64_t quantity, std::span<const Unit> units) {
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (quantity != 0 && quantity % unit.factor == 0) {
      best = &unit;
    }
  }
  return fmt::format("{}{}", quantity / best->factor, best->name);
}

}  // namespace

StatusOr<int64_t> ParseSize(std::string_view text) { return ParseQuantity(text, kSizeUnits, 1); }

StatusOr<int64_t> ParseDuration(std::string_view text) {
  return ParseQuantity(text, kDurationUnits, 0);
}

std::string FormatSize(int64_t bytes) { return FormatQuantity(bytes, kSizeUnits); }

std::string FormatDuration(int64_t milliseconds) {
  return FormatQuantity(milliseconds, kDurationUnits);
}

}  // namespace flatkv
