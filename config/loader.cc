#include "config/loader.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "config/cross_checks.h"
#include "config/key_value.h"
#include "config/nearest_name.h"

namespace flatkv {
namespace {

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::vector<std::string> SectionsHolding(std::string_view key) {
  std::vector<std::string> names;
  for (const KeySpec& spec : ConfigKeys()) {
    if (spec.name == key) {
      names.push_back(DisplayName(spec));
    }
  }
  return names;
}

// ", did you mean X?" or nothing.
std::string Suggest(const std::vector<std::string>& names) {
  return names.empty() ? "" : fmt::format(", did you mean {}?", Join(names, " or "));
}

std::string UnknownKey(std::string_view section, const std::string& key) {
  const std::vector<std::string> names = ConfigKeysOf(section);
  std::vector<std::string> meant = SectionsHolding(key);
  if (meant.empty()) {
    if (const std::optional<std::string> nearest = NearestName(key, names)) {
      meant.push_back(fmt::format("\"{}\"", *nearest));
    }
  }
  return fmt::format("[{}] {}: unknown key{} (allowed: {})", section, key, Suggest(meant),
                     Join(names, ", "));
}

std::string UnknownSection(const std::string& section) {
  std::vector<std::string> meant;
  if (const std::optional<std::string> nearest = NearestName(section, ConfigSections())) {
    meant.push_back(fmt::format("\"{}\"", *nearest));
  }
  return fmt::format("[{}]: unknown section{} (allowed: {})", section, Suggest(meant),
                     Join(ConfigSections(), ", "));
}

// The section whose prefix the variable's name begins with.
std::optional<std::string> SectionOfVariable(std::string_view variable) {
  for (const std::string& section : ConfigSections()) {
    if (variable.starts_with(EnvironmentPrefix(section))) {
      return section;
    }
  }
  return std::nullopt;
}

std::string UnknownVariable(const std::string& section, const std::string& variable) {
  const size_t prefix = EnvironmentPrefix(section).size();
  std::vector<std::string> names;
  std::vector<std::string> ends;  // compared without the prefix, which they all share
  for (const KeySpec& spec : ConfigKeys()) {
    if (spec.section == section) {
      names.push_back(EnvironmentName(spec));
      ends.push_back(names.back().substr(prefix));
    }
  }
  std::vector<std::string> meant;
  if (const std::optional<std::string> nearest = NearestName(variable.substr(prefix), ends)) {
    meant.push_back(fmt::format("\"{}{}\"", EnvironmentPrefix(section), *nearest));
  }
  return fmt::format("environment {}: unknown variable of [{}]{} (allowed: {})", variable, section,
                     Suggest(meant), Join(names, ", "));
}

}  // namespace

void ConfigLoader::ApplyToml(std::string_view text, std::string_view source_name) {
  const StatusOr<TomlDocument> document = ReadToml(text, source_name);
  if (!document.ok()) {
    AddProblem(std::string(MessageOf(document.status())));
    return;
  }
  for (const TomlEntry& entry : document->outside) {
    ApplyKeyOutside(entry, fmt::format("{}:{}", source_name, entry.line));
  }
  for (const TomlSection& section : document->sections) {
    ApplySection(section, source_name);
  }
}

void ConfigLoader::ApplyKeyOutside(const TomlEntry& entry, const std::string& where) {
  if (!ConfigKeysOf(entry.key).empty()) {
    AddProblem(fmt::format("{}: [{}]: expected a section, found {} (allowed: [{}] and its keys)",
                           where, entry.key, DescribeTomlValue(entry.value), entry.key));
    return;
  }
  AddProblem(fmt::format("{}: {}: key outside any section{} (allowed: keys of {})", where,
                         entry.key, Suggest(SectionsHolding(entry.key)),
                         Join(ConfigSections(), ", ")));
}

void ConfigLoader::ApplySection(const TomlSection& section, std::string_view source_name) {
  if (ConfigKeysOf(section.name).empty()) {
    AddProblem(fmt::format("{}:{}: {}", source_name, section.line, UnknownSection(section.name)));
    return;
  }
  for (const TomlEntry& entry : section.entries) {
    const std::string where = fmt::format("{}:{}", source_name, entry.line);
    if (const KeySpec* spec = FindConfigKey(section.name, entry.key)) {
      Set(*spec, KeyValueFromToml(*spec, entry.value), where);
    } else {
      AddProblem(fmt::format("{}: {}", where, UnknownKey(section.name, entry.key)));
    }
  }
}

void ConfigLoader::ApplyEnvironment(const Environment& environment) {
  for (const KeySpec& spec : ConfigKeys()) {
    const std::string name = EnvironmentName(spec);
    if (const auto found = environment.find(name); found != environment.end()) {
      Set(spec, KeyValueFromText(spec, found->second), fmt::format("environment {}", name));
    }
  }
  for (const auto& [name, value] : environment) {
    const std::optional<std::string> section = SectionOfVariable(name);
    if (!section.has_value()) {
      continue;
    }
    bool is_known = false;
    for (const KeySpec& spec : ConfigKeys()) {
      is_known = is_known || EnvironmentName(spec) == name;
    }
    if (!is_known) {
      AddProblem(UnknownVariable(*section, name));
    }
  }
}

void ConfigLoader::ApplyFlags(const std::vector<FlagOverride>& flags) {
  for (const FlagOverride& flag : flags) {
    const std::string where = fmt::format("flag {}", flag.flag);
    const size_t dot = flag.key.find('.');
    const std::string section = flag.key.substr(0, dot);
    const std::string key = dot == std::string::npos ? "" : flag.key.substr(dot + 1);
    if (const KeySpec* spec = FindConfigKey(section, key)) {
      Set(*spec, KeyValueFromText(*spec, flag.value), where);
    } else {
      AddProblem(fmt::format(
          "{}: {}", where,
          ConfigKeysOf(section).empty() ? UnknownSection(section) : UnknownKey(section, key)));
    }
  }
}

void ConfigLoader::Set(const KeySpec& spec, const StatusOr<KeyValue>& value,
                       const std::string& where) {
  if (!value.ok()) {
    AddProblem(fmt::format("{}: {}: {}", where, DisplayName(spec), MessageOf(value.status())));
    refused_.insert(&spec);
    return;
  }
  spec.field.set(config_, *value);
  config_.origins.insert_or_assign(QualifiedName(spec), where);
}

StatusOr<Config> ConfigLoader::Finish() {
  for (const CrossProblem& problem : CrossCheck(config_)) {
    if (refused_.count(problem.key) != 0 || refused_.count(problem.other) != 0) {
      continue;
    }
    // At least one of the two is set, for the defaults agree.
    auto origin = config_.origins.find(QualifiedName(*problem.key));
    if (origin == config_.origins.end()) {
      origin = config_.origins.find(QualifiedName(*problem.other));
    }
    AddProblem(fmt::format("{}: {}: {}",
                           origin == config_.origins.end() ? "default" : origin->second,
                           DisplayName(*problem.key), problem.text));
  }
  if (!problems_.empty()) {
    return InvalidArgument(Join(problems_, "\n"));
  }
  return std::move(config_);
}

}  // namespace flatkv
