#include "bench/store_settings.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "config/config_keys.h"
#include "config/key_value.h"

namespace flatkv::bench {
namespace {

// Unless asked otherwise: the figures of a run are then those of the commit path alone.
constexpr std::pair<const char*, const char*> kBenchDefaults[] = {
    {"wal.sync", "off"},
    {"snapshot.policy", "manual"},
    {"server.admin-listen", "off"},
    {"log.level", "warning"},
};
constexpr std::string_view kAlwaysShown[] = {"wal.sync", "store.threads", "store.read-threads",
                                             "store.direct-reads", "store.background-threads"};
constexpr std::string_view kNotOfTheStore[] = {"server", "log"};

template <size_t N>
bool Contains(const std::string_view (&names)[N], std::string_view name) {
  for (const std::string_view each : names) {
    if (each == name) {
      return true;
    }
  }
  return false;
}

StatusOr<Config> Load(const StoreSettings& settings, const std::vector<FlagOverride>& flags) {
  return settings.config_file.has_value() ? LoadConfig(*settings.config_file, {}, flags)
                                          : ParseConfig("", "no file", {}, flags);
}

}  // namespace

StatusOr<Config> ResolveSettings(const StoreSettings& settings) {
  std::vector<FlagOverride> flags;
  for (const std::string& set : settings.sets) {
    const size_t equals = set.find('=');
    if (equals == std::string::npos) {
      return InvalidArgument(
          fmt::format("--set {}: write SECTION.KEY=VALUE, as in --set wal.sync=always", set));
    }
    flags.push_back({set.substr(0, equals), set.substr(equals + 1), "--set"});
  }
  ASSIGN_OR_RETURN(const Config asked, Load(settings, flags));
  for (const auto& [key, value] : kBenchDefaults) {
    if (!asked.origins.contains(key)) {
      flags.push_back({key, value, "of the benchmark"});
    }
  }
  return Load(settings, flags);
}

std::string RenderSettings(const Config& config) {
  std::string text;
  std::string_view section;
  for (const KeySpec& spec : ConfigKeys()) {
    if (!config.origins.contains(QualifiedName(spec))) {
      continue;
    }
    if (spec.section != section) {
      section = spec.section;
      text += fmt::format("[{}]\n", section);
    }
    text += fmt::format("{} = {}\n", spec.name, FormatKeyValue(spec, spec.field.get(config)));
  }
  return text;
}

nlohmann::json DescribeSettings(const Config& config) {
  const Config defaults = DefaultConfig();
  nlohmann::json json = nlohmann::json::object();
  for (const KeySpec& spec : ConfigKeys()) {
    const KeyValue value = spec.field.get(config);
    const bool shown =
        value != spec.field.get(defaults) || Contains(kAlwaysShown, QualifiedName(spec));
    if (shown && !Contains(kNotOfTheStore, spec.section)) {
      std::string text = FormatKeyValue(spec, value);
      if (text.size() >= 2 && text.front() == '"') {
        text = text.substr(1, text.size() - 2);
      }
      json[QualifiedName(spec)] = std::move(text);
    }
  }
  return json;
}

}  // namespace flatkv::bench
