#include "flatkv/snapshot/text_record.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "flatkv/base/check.h"
#include "flatkv/base/hex.h"
#include "flatkv/base/sha256.h"
#include "flatkv/snapshot/record_file.h"

namespace flatkv {
namespace {

constexpr std::string_view kChecksumField = "checksum = ";
constexpr std::string_view kHexDigits = "0123456789abcdef";

bool IsPlain(char c) { return c >= ' ' && c <= '~' && c != '\\'; }

std::string Escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (IsPlain(c)) {
      escaped.push_back(c);
    } else if (c == '\\') {
      escaped += "\\\\";
    } else if (c == '\n') {
      escaped += "\\n";
    } else {
      escaped += "\\x" + HexEncode({&c, 1});
    }
  }
  return escaped;
}

// Only what Escape writes: of two spellings of a byte, one is refused.
bool Unescape(std::string_view escaped, std::string* text) {
  while (!escaped.empty()) {
    size_t used = 1;
    if (escaped[0] != '\\') {
      text->push_back(escaped[0]);
    } else if (escaped.starts_with("\\\\")) {
      text->push_back('\\');
      used = 2;
    } else if (escaped.starts_with("\\n")) {
      text->push_back('\n');
      used = 2;
    } else {
      // "\xHH"
      const StatusOr<std::string> byte = HexDecode(escaped.size() < 4 ? "" : escaped.substr(2, 2));
      if (!byte.ok() || byte->size() != 1) {
        return false;
      }
      *text += *byte;
      used = 4;
    }
    const std::string_view last(&text->back(), 1);
    if (Escape(last) != escaped.substr(0, used)) {
      return false;
    }
    escaped.remove_prefix(used);
  }
  return true;
}

// Decimal, without sign and leading zeros.
template <typename Integer>
bool ParseNumber(std::string_view text, Integer* value) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos ||
      (text.size() > 1 && text[0] == '0')) {
    return false;
  }
  return std::from_chars(text.data(), text.data() + text.size(), *value).ec == std::errc();
}

// Takes the checksum line off the end. False if there is none or it does not match.
bool TakeChecksum(std::string_view* text) {
  if (text->empty() || text->back() != '\n') {
    return false;
  }
  const size_t before = text->rfind('\n', text->size() - 2);
  if (text->size() < 2 || before == std::string_view::npos) {
    return false;
  }
  const std::string_view lines = text->substr(0, before + 1);
  const std::string expected =
      fmt::format("{}{}\n", kChecksumField, HexEncode(AsBytes(Sha256(lines))));
  if (text->substr(before + 1) != expected) {
    return false;
  }
  *text = lines;
  return true;
}

}  // namespace

TextRecordWriter::TextRecordWriter(std::string_view kind, int format)
    : text_(fmt::format("{} {}\n", kind, format)) {}

void TextRecordWriter::Add(std::string_view name, std::string_view value) {
  FLATKV_CHECK(name.find('\n') == std::string_view::npos);
  FLATKV_CHECK(value.find('\n') == std::string_view::npos);
  text_ += fmt::format("{} = {}\n", name, value);
}

void TextRecordWriter::AddNumber(std::string_view name, uint64_t value) {
  Add(name, fmt::format("{}", value));
}

void TextRecordWriter::AddVersion(std::string_view name, Version value) {
  Add(name, fmt::format("{}", value));
}

void TextRecordWriter::AddDigest(std::string_view name, const Digest& value) {
  Add(name, HexEncode(AsBytes(value)));
}

void TextRecordWriter::AddText(std::string_view name, std::string_view value) {
  Add(name, Escape(value));
}

std::string TextRecordWriter::Finish() && {
  const Digest checksum = Sha256(text_);
  text_ += fmt::format("{}{}\n", kChecksumField, HexEncode(AsBytes(checksum)));
  return std::move(text_);
}

// The checksum comes first: it stands in every format, so another format is believed only of a text
// that is whole.
TextRecordReader::TextRecordReader(std::string_view text, std::string_view path,
                                   std::string_view kind, int format)
    : path_(path), rest_(text) {
  if (!TakeChecksum(&rest_)) {
    Fail("its checksum is missing or does not match");
    return;
  }
  const size_t end = rest_.find('\n');
  const std::string_view first = rest_.substr(0, end);
  uint64_t found = 0;
  if (!first.starts_with(kind) || !first.substr(kind.size()).starts_with(' ') ||
      !ParseNumber(first.substr(kind.size() + 1), &found)) {
    Fail(fmt::format("its first line is not \"{} FORMAT\"", kind));
    return;
  }
  rest_.remove_prefix(end + 1);
  if (found != static_cast<uint64_t>(format)) {
    status_ = WithReason(
        FailedPrecondition(fmt::format("read {}: it has format {}; this build reads format {} of "
                                       "{}: use the build that wrote it",
                                       path, found, format, kind)),
        Reason::kIncompatibleFormat);
  }
}

std::string_view TextRecordReader::Get(std::string_view name) {
  if (!status_.ok()) {
    return {};
  }
  if (!NextIs(name)) {
    Fail(fmt::format("the field \"{}\" is missing or out of order", name));
    return {};
  }
  const size_t begin = name.size() + 3;
  const size_t end = rest_.find('\n');
  const std::string_view value = rest_.substr(begin, end - begin);
  rest_.remove_prefix(end + 1);
  return value;
}

uint64_t TextRecordReader::GetNumber(std::string_view name) {
  const std::string_view text = Get(name);
  uint64_t value = 0;
  if (ok() && !ParseNumber(text, &value)) {
    Fail(fmt::format("the field \"{}\" is no number", name));
  }
  return ok() ? value : 0;
}

Version TextRecordReader::GetVersion(std::string_view name) {
  const std::string_view text = Get(name);
  Version value = 0;
  if (ok() && !ParseNumber(text, &value)) {
    Fail(fmt::format("the field \"{}\" is no version", name));
  }
  return ok() ? value : 0;
}

Digest TextRecordReader::GetDigest(std::string_view name) {
  const std::string_view text = Get(name);
  Digest digest{};
  if (!ok()) {
    return digest;
  }
  const StatusOr<std::string> bytes = HexDecode(text);
  if (!bytes.ok() || bytes->size() != digest.size() ||
      text.find_first_not_of(kHexDigits) != std::string_view::npos) {
    Fail(fmt::format("the field \"{}\" is not {} hexadecimal digits", name, 2 * digest.size()));
    return digest;
  }
  bytes->copy(reinterpret_cast<char*>(digest.data()), digest.size());
  return digest;
}

std::string TextRecordReader::GetText(std::string_view name) {
  const std::string_view escaped = Get(name);
  std::string text;
  if (ok() && !Unescape(escaped, &text)) {
    Fail(fmt::format("the field \"{}\" is badly escaped", name));
  }
  return ok() ? text : "";
}

bool TextRecordReader::NextIs(std::string_view name) const {
  return status_.ok() && rest_.starts_with(name) && rest_.substr(name.size()).starts_with(" = ");
}

void TextRecordReader::Fail(std::string_view what) {
  if (status_.ok()) {
    status_ = SnapshotCorrupt(path_, what);
  }
}

Status TextRecordReader::Finish() {
  if (!rest_.empty()) {
    Fail("it has lines after the last field");
  }
  return status_;
}

}  // namespace flatkv
