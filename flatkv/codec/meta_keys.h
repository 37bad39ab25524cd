// The store's own records in each data DB: rows under "_meta/" that count for no hash. Format:
// docs/format.md, "Metadata".
//   _meta/version          8 bytes, big-endian: the version that the DB stands at
//   _meta/hash             2048 bytes: the LtHash of the DB's rows
//   _meta/x:<module>/hash  2048 bytes: the module's share
//   _meta/x:<module>/stats 16 bytes, big-endian: rows, bytes (physical keys and stored values)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flatkv {

inline constexpr std::string_view kMetaPrefix = "_meta/";
// One past the last key under kMetaPrefix.
inline constexpr std::string_view kMetaEnd = "_meta0";
inline constexpr std::string_view kMetaVersionKey = "_meta/version";
inline constexpr std::string_view kMetaHashKey = "_meta/hash";
inline constexpr std::string_view kMetaModulePrefix = "_meta/x:";

inline bool IsMetaKey(std::string_view physical_key) {
  return physical_key.starts_with(kMetaPrefix);
}

std::string MetaModuleHashKey(std::string_view module);
std::string MetaModuleStatsKey(std::string_view module);

enum class MetaModuleRecord { kHash, kStats };
struct MetaModuleKey {
  std::string_view module;
  MetaModuleRecord record;
};
// Reads a key made by one of the two functions above; nothing for any other.
std::optional<MetaModuleKey> ParseMetaModuleKey(std::string_view key);

std::string EncodeStats(uint64_t rows, uint64_t bytes);
// REQUIRES: text.size() == 16.
void DecodeStats(std::string_view text, uint64_t* rows, uint64_t* bytes);

}  // namespace flatkv
