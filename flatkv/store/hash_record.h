// Records of the hash log: what one version changed in the sums of the store. Format:
// docs/format.md, "Hash log".
//
// Thread safety: value types and pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/store/state_sums.h"

namespace flatkv {

// The first byte of a record; the numbers are on disk.
enum class HashRecordKind : uint8_t {
  kRootOnly = 0,  // nothing is known of this version but the root in the record's header
  kChanges = 1,   // what differs from the version before
  kAll = 2,       // every data DB and module
};

// What a record says of one data DB.
struct DbSumsChange {
  Digest checksum{};
  std::vector<std::pair<std::string, RowSums>> modules;
};

struct HashRecord {
  HashRecordKind kind = HashRecordKind::kRootOnly;
  std::array<std::optional<DbSumsChange>, kDataDbs> dbs;
};

std::string EncodeHashRecord(const HashRecord& record);
// Accepts only what EncodeHashRecord emits. Errors: kDataLoss.
StatusOr<HashRecord> DecodeHashRecord(std::string_view bytes);

// The record that says all of `sums`.
HashRecord AllOf(const StateSums& sums);
// Puts what `record` says over *sums, which are those of the version before. REQUIRES: its kind is
// not kRootOnly.
void ApplyHashRecord(const HashRecord& record, StateSums* sums);

}  // namespace flatkv
