// Lookup in the table of keys, and the spellings of a key's name.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "config/config_keys.h"

namespace flatkv {
namespace {

std::string UpperSnake(std::string_view name) {
  std::string upper(name);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  return upper;
}

}  // namespace

std::vector<std::string> ConfigSections() {
  std::vector<std::string> sections;
  for (const KeySpec& spec : ConfigKeys()) {
    if (sections.empty() || sections.back() != spec.section) {
      sections.emplace_back(spec.section);
    }
  }
  return sections;
}

std::vector<std::string> ConfigKeysOf(std::string_view section) {
  std::vector<std::string> names;
  for (const KeySpec& spec : ConfigKeys()) {
    if (spec.section == section) {
      names.emplace_back(spec.name);
    }
  }
  return names;
}

const KeySpec* FindConfigKey(std::string_view section, std::string_view name) {
  for (const KeySpec& spec : ConfigKeys()) {
    if (spec.section == section && spec.name == name) {
      return &spec;
    }
  }
  return nullptr;
}

std::string QualifiedName(const KeySpec& spec) {
  return fmt::format("{}.{}", spec.section, spec.name);
}

std::string DisplayName(const KeySpec& spec) {
  return fmt::format("[{}] {}", spec.section, spec.name);
}

std::string EnvironmentName(const KeySpec& spec) {
  return EnvironmentPrefix(spec.section) + UpperSnake(spec.name);
}

std::string EnvironmentPrefix(std::string_view section) {
  return fmt::format("FLATKV_{}_", UpperSnake(section));
}

}  // namespace flatkv
