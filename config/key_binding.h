// Bindings of table entries to fields of Config. `Path` is the chain of member pointers from Config
// to the field.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "config/config_keys.h"

namespace flatkv {

template <typename T>
int64_t FieldToNumber(const T& field) {
  if constexpr (std::is_same_v<T, std::chrono::milliseconds>) {
    return field.count();
  } else {
    return static_cast<int64_t>(field);
  }
}

// An integer, boolean, duration or enum field; the number of an enum's value is its place among the
// key's choices.
template <auto... Path>
constexpr KeyBinding NumberField() {
  return {
      .get = [](const Config& config) -> KeyValue { return FieldToNumber((config.*....*Path)); },
      .set =
          [](Config& config, const KeyValue& value) {
            auto& field = (config.*....*Path);
            field = static_cast<std::decay_t<decltype(field)>>(std::get<int64_t>(value));
          }};
}

// As NumberField, and 0 sets the default.
template <auto... Path>
constexpr KeyBinding MachineDefaultField() {
  return {.get = NumberField<Path...>().get, .set = [](Config& config, const KeyValue& value) {
            if (std::get<int64_t>(value) == 0) {
              const Config defaults;
              (config.*....*Path) = (defaults.*....*Path);
            } else {
              NumberField<Path...>().set(config, value);
            }
          }};
}

// A std::optional field; 0 is nullopt.
template <auto... Path>
constexpr KeyBinding OptionalField() {
  return {.get = [](const Config& config) -> KeyValue {
            const auto& field = (config.*....*Path);
            return field.has_value() ? FieldToNumber(*field) : int64_t{0};
          },
          .set =
              [](Config& config, const KeyValue& value) {
                auto& field = (config.*....*Path);
                using Value = typename std::decay_t<decltype(field)>::value_type;
                const int64_t number = std::get<int64_t>(value);
                field.reset();
                if (number != 0) {
                  field = static_cast<Value>(number);
                }
              }};
}

// A std::string field.
template <auto... Path>
constexpr KeyBinding TextField() {
  return {.get = [](const Config& config) -> KeyValue { return (config.*....*Path); },
          .set = [](Config& config,
                    const KeyValue& value) { (config.*....*Path) = std::get<std::string>(value); }};
}

// A std::vector<ListenAddress> field.
template <auto... Path>
constexpr KeyBinding AddressListField() {
  return {.get = [](const Config& config) -> KeyValue { return (config.*....*Path); },
          .set =
              [](Config& config, const KeyValue& value) {
                (config.*....*Path) = std::get<std::vector<ListenAddress>>(value);
              }};
}

}  // namespace flatkv
