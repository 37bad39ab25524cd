#include "config/toml_reader.h"

#include <fmt/format.h>
#include <toml++/impl/preprocessor.h>

// toml++ 3.3.0 assumes that a key follows the bracket of a table header: on "[&" it aborts, or with
// NDEBUG and clang the behaviour is undefined. Without the assumption it reaches its own check a
// few lines on and reports a syntax error. ToAscii() is about its other fault.
#undef TOML_ASSERT_ASSUME
#define TOML_ASSERT_ASSUME(expr) static_assert(true)

#include <toml++/toml.h>

#include <algorithm>
#include <utility>

namespace flatkv {
namespace {

std::string DescribeNode(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a floating-point number";
    case toml::node_type::boolean:
      return "a boolean";
    case toml::node_type::date:
      return "a date";
    case toml::node_type::time:
      return "a time";
    case toml::node_type::date_time:
      return "a date and time";
    case toml::node_type::none:
      break;
  }
  return "nothing";
}

TomlValue ConvertArray(const toml::array& array) {
  std::vector<std::string> list;
  for (const toml::node& element : array) {
    const auto* text = element.as_string();
    if (text == nullptr) {
      return TomlOther{fmt::format("an array with {} in it", DescribeNode(element))};
    }
    list.push_back(text->get());
  }
  return list;
}

TomlValue Convert(const toml::node& node) {
  if (const auto* text = node.as_string()) {
    return text->get();
  }
  if (const auto* integer = node.as_integer()) {
    return integer->get();
  }
  if (const auto* boolean = node.as_boolean()) {
    return boolean->get();
  }
  if (const auto* array = node.as_array()) {
    return ConvertArray(*array);
  }
  return TomlOther{DescribeNode(node)};
}

TomlEntry MakeEntry(const toml::key& key, const toml::node& node) {
  return {std::string(key.str()), Convert(node), int64_t{key.source().begin.line}};
}

// The library's tables are sorted by name.
template <typename T>
void SortByLine(std::vector<T>& items) {
  std::stable_sort(items.begin(), items.end(),
                   [](const T& a, const T& b) { return a.line < b.line; });
}

// toml++ 3.3.0 runs into __builtin_unreachable() on characters outside ASCII between tokens, such
// as a no-break space pasted from a web page (is_non_ascii_horizontal_whitespace). It gets '?'
// instead of each of their bytes: in a comment that changes nothing, anywhere else it is an error
// as before, for no key and no value has such a character or a '?'.
std::string ToAscii(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // allowed at the beginning
  if (text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  std::string ascii(text);
  std::replace_if(
      ascii.begin(), ascii.end(),
      [](char c) { return (static_cast<unsigned char>(c) & 0x80) != 0; }, '?');
  return ascii;
}

}  // namespace

std::string DescribeTomlValue(const TomlValue& value) {
  struct Visitor {
    std::string operator()(const std::string&) const { return "a string"; }
    std::string operator()(int64_t) const { return "an integer"; }
    std::string operator()(bool) const { return "a boolean"; }
    std::string operator()(const std::vector<std::string>&) const { return "an array of strings"; }
    std::string operator()(const TomlOther& other) const { return other.what; }
  };
  return std::visit(Visitor{}, value);
}

StatusOr<TomlDocument> ReadToml(std::string_view text, std::string_view source_name) {
  const toml::parse_result result = toml::parse(ToAscii(text));
  if (!result) {
    const toml::source_position where = result.error().source().begin;
    return InvalidArgument(fmt::format("{}:{}:{}: syntax error: {}", source_name, where.line,
                                       where.column, result.error().description()));
  }
  TomlDocument document;
  for (const auto& [key, node] : result.table()) {
    const toml::table* table = node.as_table();
    if (table == nullptr) {
      document.outside.push_back(MakeEntry(key, node));
      continue;
    }
    TomlSection section{std::string(key.str()), int64_t{key.source().begin.line}, {}};
    for (const auto& [inner_key, inner_node] : *table) {
      section.entries.push_back(MakeEntry(inner_key, inner_node));
    }
    SortByLine(section.entries);
    document.sections.push_back(std::move(section));
  }
  SortByLine(document.outside);
  SortByLine(document.sections);
  return document;
}

}  // namespace flatkv
