// Values of keys: from text, from TOML, to text. Errors are kInvalidArgument: "what is wrong
// (allowed: ...)".
#pragma once

#include <string>
#include <string_view>

#include "config/config_keys.h"
#include "config/toml_reader.h"
#include "flatkv/base/status.h"

namespace flatkv {

// From an environment variable or a flag: strings without quotes, lists separated by commas.
StatusOr<KeyValue> KeyValueFromText(const KeySpec& spec, std::string_view text);
StatusOr<KeyValue> KeyValueFromToml(const KeySpec& spec, const TomlValue& value);

// As the right side of a TOML assignment.
std::string FormatKeyValue(const KeySpec& spec, const KeyValue& value);
// The default as it stands in flatkv.toml.
std::string DefaultText(const KeySpec& spec);
// What the key accepts: "1MiB to 1GiB", "true, false".
std::string AllowedText(const KeySpec& spec);

}  // namespace flatkv
