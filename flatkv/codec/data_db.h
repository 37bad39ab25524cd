// The four data DBs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace flatkv {

enum class DataDb : uint8_t { kAccount = 0, kCode = 1, kStorage = 2, kMisc = 3 };

inline constexpr size_t kDataDbs = 4;
inline constexpr std::array<DataDb, kDataDbs> kAllDataDbs = {DataDb::kAccount, DataDb::kCode,
                                                             DataDb::kStorage, DataDb::kMisc};
inline constexpr std::array<std::string_view, kDataDbs> kDataDbNames = {"account", "code",
                                                                        "storage", "misc"};

constexpr size_t IndexOf(DataDb db) { return static_cast<size_t>(db); }
constexpr std::string_view NameOf(DataDb db) { return kDataDbNames[IndexOf(db)]; }

}  // namespace flatkv
