// The table of configuration keys (store_keys.cc, history_keys.cc, upkeep_keys.cc,
// service_keys.cc): the one place
// that knows a key's name, type, range, unit and meaning, and the field of Config behind it.
// Defaults are not repeated in it: they are the initial values of the structs (config.h,
// store_options.h), read through `get`, so that the two cannot differ.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"
#include "config/listen_address.h"
#include "flatkv/base/status.h"

namespace flatkv {

enum class KeyType {
  kInteger,
  kSize,      // bytes
  kDuration,  // milliseconds
  kBoolean,   // 0 or 1
  kChoice,    // index into KeySpec::choices
  kAddressList,
  kText,  // any text that KeySpec::check accepts
};

// A value as the table sees it: a number for every type but kAddressList and kText.
using KeyValue = std::variant<int64_t, std::vector<ListenAddress>, std::string>;

// The field of Config behind a key.
struct KeyBinding {
  KeyValue (*get)(const Config&) = nullptr;
  void (*set)(Config&, const KeyValue&) = nullptr;
};

struct KeySpec {
  std::string_view section;
  std::string_view name;
  KeyType type = KeyType::kInteger;
  // The default depends on the machine: 0 in the file stands for it, the field holds the resolved
  // number.
  bool machine_default = false;
  KeyBinding field;
  // kInteger, kSize, kDuration: the smallest and the largest value.
  int64_t min = 0;
  int64_t max = 0;
  std::span<const std::string_view> choices = {};  // kChoice
  std::string_view allowed = {};                   // kText: what it accepts
  // kText: kInvalidArgument says what is wrong. What it accepts needs no escape in a TOML string.
  Status (*check)(std::string_view text) = nullptr;
  std::string_view zero_meaning = {};  // what 0 stands for when it is not a number like the others
  std::string_view unit = {};
  std::string_view description;  // one sentence
};

// All keys; those of a section are adjacent.
std::span<const KeySpec> ConfigKeys();
// Section names in the table's order.
std::vector<std::string> ConfigSections();
// Key names of one section in the table's order.
std::vector<std::string> ConfigKeysOf(std::string_view section);
// nullptr when there is none.
const KeySpec* FindConfigKey(std::string_view section, std::string_view name);

// "wal.sync"
std::string QualifiedName(const KeySpec& spec);
// "[wal] sync"
std::string DisplayName(const KeySpec& spec);
// "FLATKV_WAL_SYNC"
std::string EnvironmentName(const KeySpec& spec);
// "FLATKV_WAL_"
std::string EnvironmentPrefix(std::string_view section);

}  // namespace flatkv
