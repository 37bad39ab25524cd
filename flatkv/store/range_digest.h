// Ranges of rows and their digests. docs/format.md, "Range digests", has the bytes.
//
// Thread safety: value types.
#pragma once

#include <cstdint>
#include <string>

#include "flatkv/base/types.h"
#include "flatkv/codec/data_db.h"
#include "flatkv/lthash/lthash.h"

namespace flatkv {

// kLtHash: the checksum of the LtHash of the rows, of the store's suite; the hashes of the pieces
// of a range add up to its hash. kSha256: SHA-256 over the SHA-256 of batches of rows, for stores
// of two suites.
enum class DigestKind : uint8_t { kLtHash = 0, kSha256 = 1 };

// Physical keys of one data DB from `first` on, up to `last`, which is excluded; empty: to the end.
struct RowRange {
  DataDb db = DataDb::kAccount;
  std::string first;
  std::string last;
};

struct RangeDigest {
  Digest checksum{};
  uint64_t rows = 0;
  uint64_t bytes = 0;  // physical keys and stored values
  // kLtHash only, and not from a peer.
  LtHash hash;

  // Whether the rows are the same, as far as `hash` need not say.
  bool SameRows(const RangeDigest& other) const {
    return checksum == other.checksum && rows == other.rows && bytes == other.bytes;
  }
};

}  // namespace flatkv
