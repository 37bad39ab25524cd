// Maps a change pair's module and key to the row that it writes: which data DB, which physical key,
// which field. Format: docs/format.md, "Keys". Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "flatkv/base/status.h"
#include "flatkv/codec/data_db.h"

namespace flatkv {

inline constexpr std::string_view kEvmModule = "evm";
inline constexpr std::string_view kMetaModule = "_meta";
inline constexpr size_t kAddressBytes = 20;
inline constexpr size_t kSlotBytes = 32;

// First bytes of evm keys.
inline constexpr char kStoragePrefix = 0x03;
inline constexpr char kCodePrefix = 0x07;
inline constexpr char kCodeHashPrefix = 0x08;
inline constexpr char kNoncePrefix = 0x0a;

// The part of a row that a pair writes.
enum class Field : uint8_t { kWhole, kNonce, kCodeHash };

struct RowTarget {
  DataDb db = DataDb::kMisc;
  Field field = Field::kWhole;
};

// Errors: kInvalidArgument with Reason::kInvalidChangeSet for an empty name, "_meta" and a name
// that contains '/'.
Status ValidateModule(std::string_view module);
// Errors: as above, for an empty evm key.
Status ValidateKey(std::string_view module, std::string_view key);

// REQUIRES: ValidateModule and ValidateKey are OK.
RowTarget TargetOf(std::string_view module, std::string_view key);

// The bytes of the physical key, written to `out`, which has room for PhysicalKeyBytes().
inline size_t PhysicalKeyBytes(std::string_view module, std::string_view key) {
  return module.size() + 1 + key.size();
}
void WritePhysicalKey(std::string_view module, std::string_view key, RowTarget target, char* out);
std::string PhysicalKey(std::string_view module, std::string_view key);

// The module of a physical key: the bytes before the first '/'. Empty if there is none.
std::string_view ModuleOf(std::string_view physical_key);
// The physical key without module and '/'.
std::string_view KeyInModule(std::string_view physical_key);

// "evm key 03aabb.. (53 bytes)" for messages; long keys are shortened.
std::string DescribeKey(std::string_view module, std::string_view key);

}  // namespace flatkv
