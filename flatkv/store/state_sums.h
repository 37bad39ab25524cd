// What is told of the rows of one version without the rows: checksum, rows and bytes of every data
// DB and of every module in it. Two stores whose sums differ have different rows there.
//
// Thread safety: value types.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "flatkv/base/types.h"
#include "flatkv/codec/data_db.h"

namespace flatkv {

struct RowSums {
  Digest checksum{};  // of the LtHash of the rows
  uint64_t rows = 0;
  uint64_t bytes = 0;  // physical keys and stored values

  bool operator==(const RowSums&) const = default;
};

// Modules without rows are left out: a store may have a record of zeros for one, or none.
struct DbSums {
  RowSums total;
  std::map<std::string, RowSums, std::less<>> modules;

  bool operator==(const DbSums&) const = default;
};

using StateSums = std::array<DbSums, kDataDbs>;

// One version of the hash log.
struct VersionSums {
  Version version = 0;
  Digest root{};
  // False: only the root is known. After a power cut versions can have been replayed together.
  bool has_sums = false;
  StateSums dbs;
};

}  // namespace flatkv
