#include "config/key_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <variant>

#include "config/units.h"

namespace flatkv {
namespace {

Status Refuse(const KeySpec& spec, std::string_view problem) {
  return InvalidArgument(fmt::format("{} (allowed: {})", problem, AllowedText(spec)));
}

std::string FormatNumber(const KeySpec& spec, int64_t number) {
  switch (spec.type) {
    case KeyType::kSize:
      return FormatSize(number);
    case KeyType::kDuration:
      return FormatDuration(number);
    default:
      return std::to_string(number);
  }
}

StatusOr<KeyValue> CheckRange(const KeySpec& spec, int64_t number) {
  if (number < spec.min || number > spec.max) {
    // A negative size has no text with a unit.
    const std::string text = number < 0 ? std::to_string(number) : FormatNumber(spec, number);
    return Refuse(spec, fmt::format("{} is out of range", text));
  }
  return KeyValue(number);
}

StatusOr<KeyValue> ParseQuantity(const KeySpec& spec, std::string_view text) {
  const StatusOr<int64_t> number =
      spec.type == KeyType::kSize ? ParseSize(text) : ParseDuration(text);
  return number.ok() ? CheckRange(spec, *number) : Refuse(spec, MessageOf(number.status()));
}

StatusOr<KeyValue> ParseChoice(const KeySpec& spec, std::string_view text) {
  const auto found = std::find(spec.choices.begin(), spec.choices.end(), text);
  if (found == spec.choices.end()) {
    return Refuse(spec, fmt::format("unknown value \"{}\"", text));
  }
  return KeyValue(int64_t{found - spec.choices.begin()});
}

StatusOr<KeyValue> ParseInteger(const KeySpec& spec, std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Refuse(spec, fmt::format("\"{}\" is not an integer", text));
  }
  return CheckRange(spec, number);
}

StatusOr<KeyValue> ParseBoolean(const KeySpec& spec, std::string_view text) {
  if (text != "true" && text != "false") {
    return Refuse(spec, fmt::format("\"{}\" is not a boolean", text));
  }
  return KeyValue(int64_t{text == "true" ? 1 : 0});
}

StatusOr<KeyValue> ParseAddresses(const KeySpec& spec, const std::vector<std::string>& list) {
  if (list.empty()) {
    return Refuse(spec, "the list is empty");
  }
  std::vector<ListenAddress> addresses;
  for (const std::string& text : list) {
    StatusOr<ListenAddress> address = ParseListenAddress(text);
    if (!address.ok()) {
      return Refuse(spec, MessageOf(address.status()));
    }
    const bool takes_any_port = address->kind == ListenAddress::Kind::kTcp && address->port == 0;
    if (!takes_any_port &&
        std::find(addresses.begin(), addresses.end(), *address) != addresses.end()) {
      return Refuse(spec, fmt::format("\"{}\" stands in the list twice", text));
    }
    addresses.push_back(*std::move(address));
  }
  return KeyValue(std::move(addresses));
}

StatusOr<KeyValue> ParseText(const KeySpec& spec, std::string_view text) {
  if (const Status problem = spec.check(text); !problem.ok()) {
    return Refuse(spec, MessageOf(problem));
  }
  return KeyValue(std::string(text));
}

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> list;
  while (!text.empty()) {
    const std::string_view element = text.substr(0, text.find(','));
    list.emplace_back(element);
    text.remove_prefix(std::min(text.size(), element.size() + 1));
  }
  return list;
}

std::string_view ExpectedType(KeyType type) {
  switch (type) {
    case KeyType::kInteger:
      return "an integer";
    case KeyType::kSize:
      return "a size: a string such as \"64MiB\" or an integer of bytes";
    case KeyType::kDuration:
      return "a duration: a string such as \"200ms\"";
    case KeyType::kBoolean:
      return "true or false";
    case KeyType::kChoice:
    case KeyType::kText:
      return "a string";
    case KeyType::kAddressList:
      return "an array of strings";
  }
  return "";
}

bool IsWrittenAsString(KeyType type) {
  return type == KeyType::kSize || type == KeyType::kDuration || type == KeyType::kChoice ||
         type == KeyType::kText;
}

}  // namespace

StatusOr<KeyValue> KeyValueFromText(const KeySpec& spec, std::string_view text) {
  switch (spec.type) {
    case KeyType::kInteger:
      return ParseInteger(spec, text);
    case KeyType::kSize:
    case KeyType::kDuration:
      return ParseQuantity(spec, text);
    case KeyType::kBoolean:
      return ParseBoolean(spec, text);
    case KeyType::kChoice:
      return ParseChoice(spec, text);
    case KeyType::kAddressList:
      return ParseAddresses(spec, SplitList(text));
    case KeyType::kText:
      return ParseText(spec, text);
  }
  return Internal("unknown key type");
}

StatusOr<KeyValue> KeyValueFromToml(const KeySpec& spec, const TomlValue& value) {
  if (const auto* text = std::get_if<std::string>(&value); text && IsWrittenAsString(spec.type)) {
    return KeyValueFromText(spec, *text);
  }
  if (const auto* number = std::get_if<int64_t>(&value);
      number && (spec.type == KeyType::kInteger || spec.type == KeyType::kSize)) {
    return CheckRange(spec, *number);
  }
  if (const auto* boolean = std::get_if<bool>(&value); boolean && spec.type == KeyType::kBoolean) {
    return KeyValue(int64_t{*boolean ? 1 : 0});
  }
  if (const auto* list = std::get_if<std::vector<std::string>>(&value);
      list && spec.type == KeyType::kAddressList) {
    return ParseAddresses(spec, *list);
  }
  return Refuse(spec, fmt::format("expected {}, found {}", ExpectedType(spec.type),
                                  DescribeTomlValue(value)));
}

std::string FormatKeyValue(const KeySpec& spec, const KeyValue& value) {
  if (spec.type == KeyType::kAddressList) {
    std::string text;
    for (const ListenAddress& address : std::get<std::vector<ListenAddress>>(value)) {
      text += fmt::format("{}\"{}\"", text.empty() ? "" : ", ", ToString(address));
    }
    return fmt::format("[{}]", text);
  }
  if (spec.type == KeyType::kText) {
    return fmt::format("\"{}\"", std::get<std::string>(value));
  }
  const int64_t number = std::get<int64_t>(value);
  switch (spec.type) {
    case KeyType::kBoolean:
      return number != 0 ? "true" : "false";
    case KeyType::kChoice:
      return fmt::format("\"{}\"", spec.choices[static_cast<size_t>(number)]);
    case KeyType::kInteger:
      return FormatNumber(spec, number);
    default:
      return fmt::format("\"{}\"", FormatNumber(spec, number));
  }
}

std::string DefaultText(const KeySpec& spec) {
  return FormatKeyValue(spec,
                        spec.machine_default ? KeyValue(int64_t{0}) : spec.field.get(Config()));
}

std::string AllowedText(const KeySpec& spec) {
  switch (spec.type) {
    case KeyType::kBoolean:
      return "true, false";
    case KeyType::kAddressList:
      return "at least one of \"unix:PATH\", \"HOST:PORT\", \"[IPV6]:PORT\"";
    case KeyType::kText:
      return std::string(spec.allowed);
    case KeyType::kChoice: {
      std::string text;
      for (const std::string_view choice : spec.choices) {
        text += fmt::format("{}\"{}\"", text.empty() ? "" : ", ", choice);
      }
      return text;
    }
    default:
      break;
  }
  std::string text =
      fmt::format("{} to {}", FormatNumber(spec, spec.min), FormatNumber(spec, spec.max));
  if (!spec.zero_meaning.empty()) {
    text += fmt::format("; 0: {}", spec.zero_meaning);
  }
  return text;
}

}  // namespace flatkv
