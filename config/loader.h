// Collects values and problems while the sources of a configuration are applied, lowest precedence
// first.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "config/config_keys.h"
#include "config/toml_reader.h"
#include "flatkv/base/status.h"

namespace flatkv {

// One use: ApplyToml, ApplyEnvironment, ApplyFlags in this order, then Finish. One thread.
class ConfigLoader {
 public:
  void ApplyToml(std::string_view text, std::string_view source_name);
  void ApplyEnvironment(const Environment& environment);
  void ApplyFlags(const std::vector<FlagOverride>& flags);
  // The configuration, or every problem found.
  StatusOr<Config> Finish();

 private:
  void ApplyKeyOutside(const TomlEntry& entry, const std::string& where);
  void ApplySection(const TomlSection& section, std::string_view source_name);
  void Set(const KeySpec& spec, const StatusOr<KeyValue>& value, const std::string& where);
  void AddProblem(std::string problem) { problems_.push_back(std::move(problem)); }

  Config config_;
  std::vector<std::string> problems_;
  // Keys with a problem of their own: what they are tied to is not judged by their default.
  std::set<const KeySpec*> refused_;
};

}  // namespace flatkv
