// What rows add up to: the hash, the number and the bytes of each module, and the root.
//
// Thread safety: none.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/archive/archive_sums.h"
#include "flatkv/base/types.h"
#include "flatkv/codec/data_db.h"
#include "flatkv/lthash/row_hasher.h"
#include "flatkv/snapshot/snapshot_manifest.h"

namespace flatkv {

class RowSums {
 public:
  // `hasher` outlives the object.
  explicit RowSums(const RowHasher& hasher) : hasher_(hasher) {}

  // Each row once; that is not checked here.
  void Add(DataDb db, std::string_view key, std::string_view value);

  struct Total {
    std::array<SnapshotDb, kDataDbs> dbs;
    Digest root{};
  };
  // Of all rows added.
  Total Finish();

 private:
  // Rows of one module that are not hashed yet.
  struct Batch {
    std::string module;
    std::string text;  // keys and values, one after the other
    std::vector<std::pair<size_t, size_t>> sizes;
  };
  void Hash(DataDb db);

  const RowHasher& hasher_;
  std::array<Batch, kDataDbs> batches_;
  std::array<ArchiveSums::Modules, kDataDbs> modules_;
};

}  // namespace flatkv
