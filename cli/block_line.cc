#include "cli/block_line.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

namespace flatkv::cli {
namespace {

using Json = nlohmann::json;

// Where in the document the reader stands; each opening bracket goes one down, each closing one up.
enum class Place { kStart, kBlock, kChangeSets, kChangeSet, kPairs, kPair, kEnd };

int HexDigit(char digit) {
  if (digit >= '0' && digit <= '9') {
    return digit - '0';
  }
  if (digit >= 'a' && digit <= 'f') {
    return digit - 'a' + 10;
  }
  if (digit >= 'A' && digit <= 'F') {
    return digit - 'A' + 10;
  }
  return -1;
}

// nlohmann::json's event reader: no document is built, hexadecimal goes straight into the block's
// bytes.
class BlockBuilder final : public nlohmann::json_sax<Json> {
 public:
  // What is decoded is never longer than the text it comes from, so the reserved bytes do not move.
  explicit BlockBuilder(size_t line_bytes) { bytes_.reserve(line_bytes); }

  bool null() override { return Unexpected("null"); }
  bool number_float(number_float_t, const string_t& text) override { return Unexpected(text); }
  bool binary(binary_t&) override { return Unexpected("binary"); }

  bool boolean(bool value) override {
    if (place_ != Place::kPair || field_ != "delete") {
      return Unexpected(value ? "true" : "false");
    }
    remove_ = value;
    return true;
  }

  bool number_integer(number_integer_t value) override {
    if (place_ == Place::kBlock && field_ == "version") {
      return Fail(fmt::format("version {} is negative", value));
    }
    return Unexpected(std::to_string(value));
  }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ != Place::kBlock || field_ != "version") {
      return Unexpected(std::to_string(value));
    }
    if (value == 0 || value > static_cast<uint64_t>(INT64_MAX)) {
      return Fail(fmt::format("version {} is out of range (1 to 2^63 - 1)", value));
    }
    version_ = static_cast<Version>(value);
    return true;
  }

  bool string(string_t& text) override {
    if (place_ == Place::kChangeSet && field_ == "name") {
      name_ = Store(text);
      return true;
    }
    if (place_ == Place::kPair && (field_ == "key" || field_ == "value")) {
      return Decode(text, field_ == "key" ? &key_ : &value_);
    }
    return Unexpected("a string");
  }

  bool start_object(size_t) override {
    switch (place_) {
      case Place::kStart:
        return Enter(Place::kBlock);
      case Place::kChangeSets:
        name_.reset();
        pairs_.clear();
        return Enter(Place::kChangeSet);
      case Place::kPairs:
        key_.reset();
        value_.reset();
        remove_.reset();
        return Enter(Place::kPair);
      default:
        return Unexpected("an object");
    }
  }

  bool key(string_t& name) override {
    static constexpr std::array<std::string_view, 2> kBlockFields = {"version", "changesets"};
    static constexpr std::array<std::string_view, 2> kChangeSetFields = {"name", "pairs"};
    static constexpr std::array<std::string_view, 3> kPairFields = {"key", "value", "delete"};
    const auto& [known, seen] = place_ == Place::kBlock ? Fields(kBlockFields, &block_seen_)
                                : place_ == Place::kChangeSet
                                    ? Fields(kChangeSetFields, &change_set_seen_)
                                    : Fields(kPairFields, &pair_seen_);
    for (size_t i = 0; i < known.size(); ++i) {
      if (known[i] == name) {
        if ((*seen & (1u << i)) != 0) {
          return Fail(fmt::format("field \"{}\" comes twice", name));
        }
        *seen |= 1u << i;
        field_ = known[i];
        return true;
      }
    }
    return Fail(fmt::format("unknown field \"{}\"", name));
  }

  bool start_array(size_t) override {
    if (place_ == Place::kBlock && field_ == "changesets") {
      return Enter(Place::kChangeSets);
    }
    if (place_ == Place::kChangeSet && field_ == "pairs") {
      return Enter(Place::kPairs);
    }
    return Unexpected("an array");
  }

  bool end_array() override {
    return Enter(place_ == Place::kPairs ? Place::kChangeSet : Place::kBlock);
  }

  bool end_object() override {
    switch (place_) {
      case Place::kPair:
        return EndPair();
      case Place::kChangeSet:
        return EndChangeSet();
      default:
        return EndBlock();
    }
  }

  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    // The text is "[json.exception...] parse error at line 1, column N: what"; the line is known
    // better here.
    const std::string_view text = error.what();
    const size_t what = text.find(": ");
    return Fail(fmt::format("column {}: {}", position,
                            what == std::string_view::npos ? text : text.substr(what + 2)));
  }

  StatusOr<Block> Finish() && {
    if (!error_.empty()) {
      return InvalidArgument(error_);
    }
    return Block(version_, std::move(bytes_), std::move(changes_));
  }

 private:
  struct FieldSet {
    std::span<const std::string_view> known;
    unsigned* seen;
  };
  static FieldSet Fields(std::span<const std::string_view> known, unsigned* seen) {
    return {known, seen};
  }

  bool Enter(Place place) {
    if (place == Place::kChangeSet && place_ == Place::kChangeSets) {
      change_set_seen_ = 0;
    }
    if (place == Place::kPair) {
      pair_seen_ = 0;
    }
    place_ = place;
    return true;
  }

  bool EndPair() {
    if (!key_.has_value()) {
      return Fail("a pair has no \"key\"");
    }
    const bool remove = remove_.value_or(false);
    if (remove == value_.has_value()) {
      return Fail(remove ? "a pair has both \"value\" and \"delete\": true"
                         : "a pair has neither \"value\" nor \"delete\": true");
    }
    pairs_.push_back({*key_, value_.value_or(std::string_view()), remove});
    return Enter(Place::kPairs);
  }

  bool EndChangeSet() {
    if (change_set_seen_ != 3) {
      return Fail(name_.has_value() ? "a change set has no \"pairs\""
                                    : "a change set has no \"name\"");
    }
    changes_.push_back({*name_, std::move(pairs_)});
    pairs_ = {};
    return Enter(Place::kChangeSets);
  }

  bool EndBlock() {
    if (block_seen_ != 3) {
      return Fail(version_ == 0 ? "no \"version\"" : "no \"changesets\"");
    }
    return Enter(Place::kEnd);
  }

  std::string_view Store(std::string_view text) {
    const size_t start = bytes_.size();
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    return {bytes_.data() + start, text.size()};
  }

  bool Decode(std::string_view text, std::optional<std::string_view>* out) {
    if (text.size() % 2 != 0) {
      return Fail(
          fmt::format("\"{}\" has an odd number of hexadecimal digits ({})", field_, text.size()));
    }
    const size_t start = bytes_.size();
    for (size_t i = 0; i < text.size(); i += 2) {
      const int high = HexDigit(text[i]);
      const int low = HexDigit(text[i + 1]);
      if (high < 0 || low < 0) {
        return Fail(
            fmt::format("\"{}\" is not hexadecimal at digit {}", field_, high < 0 ? i + 1 : i + 2));
      }
      bytes_.push_back(static_cast<char>(high * 16 + low));
    }
    *out = std::string_view(bytes_.data() + start, text.size() / 2);
    return true;
  }

  bool Unexpected(std::string_view what) {
    if (place_ == Place::kStart) {
      return Fail(fmt::format("{} where an object was expected", what));
    }
    if (place_ == Place::kChangeSets || place_ == Place::kPairs) {
      return Fail(fmt::format("{} in \"{}\", which holds objects", what,
                              place_ == Place::kPairs ? "pairs" : "changesets"));
    }
    return Fail(fmt::format("field \"{}\" cannot be {}", field_, what));
  }

  bool Fail(std::string_view error) {
    error_ = error;
    return false;
  }

  Place place_ = Place::kStart;
  std::string_view field_;
  unsigned block_seen_ = 0;
  unsigned change_set_seen_ = 0;
  unsigned pair_seen_ = 0;

  Version version_ = 0;
  std::vector<char> bytes_;
  ChangeSets changes_;
  std::optional<std::string_view> name_;
  std::vector<KvPair> pairs_;
  std::optional<std::string_view> key_;
  std::optional<std::string_view> value_;
  std::optional<bool> remove_;

  std::string error_;
};

}  // namespace

StatusOr<Block> ParseBlockLine(std::string_view line) {
  BlockBuilder builder(line.size());
  Json::sax_parse(line.begin(), line.end(), &builder);
  return std::move(builder).Finish();
}

}  // namespace flatkv::cli
