// What the chunks of an archive add up to, and the check that it is what the manifest says. Also
// checks the order of the chunks: by data DB and key, each module in one run.
//
// Thread safety: none.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>

#include "flatkv/archive/archive_manifest.h"
#include "flatkv/archive/chunk.h"
#include "flatkv/base/status.h"

namespace flatkv {

struct ArchiveModuleSum {
  LtHash hash;
  uint64_t rows = 0;
  uint64_t bytes = 0;
};

class ArchiveSums {
 public:
  explicit ArchiveSums(const ArchiveState& state) : state_(state) {}

  // The next chunk. Errors: kDataLoss with Reason::kArchiveCorrupt naming the chunk that is of
  // another state, number or place.
  Status Add(const ChunkInfo& info);
  // After the last one. Errors: kDataLoss with Reason::kRootMismatch naming data DB and module
  // whose chunks do not give what the manifest says.
  Status Check(const ArchiveManifest& manifest, const RowHasher& hasher) const;

  using Modules = std::map<std::string, ArchiveModuleSum, std::less<>>;
  const std::array<Modules, kDataDbs>& dbs() const { return dbs_; }

 private:
  ArchiveState state_;
  uint32_t chunks_ = 0;
  std::optional<DataDb> db_;
  std::string last_key_;
  std::array<Modules, kDataDbs> dbs_;
};

}  // namespace flatkv
