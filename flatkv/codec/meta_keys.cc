#include "flatkv/codec/meta_keys.h"

#include <fmt/format.h>

#include "flatkv/base/endian.h"

namespace flatkv {
namespace {
constexpr std::string_view kHashSuffix = "/hash";
constexpr std::string_view kStatsSuffix = "/stats";
}  // namespace

std::string MetaModuleHashKey(std::string_view module) {
  return fmt::format("{}{}{}", kMetaModulePrefix, module, kHashSuffix);
}

std::string MetaModuleStatsKey(std::string_view module) {
  return fmt::format("{}{}{}", kMetaModulePrefix, module, kStatsSuffix);
}

std::optional<MetaModuleKey> ParseMetaModuleKey(std::string_view key) {
  if (!key.starts_with(kMetaModulePrefix)) {
    return std::nullopt;
  }
  key.remove_prefix(kMetaModulePrefix.size());
  // A module name holds no '/', so the suffix is unambiguous.
  for (const auto record : {MetaModuleRecord::kHash, MetaModuleRecord::kStats}) {
    const std::string_view suffix = record == MetaModuleRecord::kHash ? kHashSuffix : kStatsSuffix;
    if (key.ends_with(suffix) && key.find('/') == key.size() - suffix.size()) {
      return MetaModuleKey{key.substr(0, key.size() - suffix.size()), record};
    }
  }
  return std::nullopt;
}

std::string EncodeStats(uint64_t rows, uint64_t bytes) {
  std::string text;
  AppendBe64(&text, rows);
  AppendBe64(&text, bytes);
  return text;
}

void DecodeStats(std::string_view text, uint64_t* rows, uint64_t* bytes) {
  *rows = LoadBe64(text.data());
  *bytes = LoadBe64(text.data() + 8);
}

}  // namespace flatkv
