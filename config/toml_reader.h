// The bridge to the TOML library (toml++, TOML 1.0): a flat list of entries with line numbers, in
// our own types. The only file that knows the library is toml_reader.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "flatkv/base/status.h"

namespace flatkv {

// A value that no key of ours takes; `what` says what it is: "a floating-point number".
struct TomlOther {
  std::string what;
};

using TomlValue = std::variant<std::string, int64_t, bool, std::vector<std::string>, TomlOther>;

// "a string", "an integer" ...
std::string DescribeTomlValue(const TomlValue& value);

struct TomlEntry {
  std::string key;
  TomlValue value;
  int64_t line = 0;
};

struct TomlSection {
  std::string name;
  int64_t line = 0;
  std::vector<TomlEntry> entries;
};

// Everything in the order of the file.
struct TomlDocument {
  std::vector<TomlEntry> outside;  // keys before the first section
  std::vector<TomlSection> sections;
};

// Bytes outside ASCII read as '?'. Errors: kInvalidArgument "SOURCE:LINE:COLUMN: syntax error:
// ...".
StatusOr<TomlDocument> ReadToml(std::string_view text, std::string_view source_name);

}  // namespace flatkv
