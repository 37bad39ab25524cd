#include "flatkv/archive/archive_sums.h"

#include <fmt/format.h>

#include "flatkv/base/hex.h"

namespace flatkv {
namespace {

Status Mismatch(std::string_view what) {
  return WithReason(
      DataLoss(fmt::format("archive: the chunks do not give what MANIFEST says: {}", what)),
      Reason::kRootMismatch);
}

ArchiveModuleSum& operator+=(ArchiveModuleSum& sum, const ArchiveModuleSum& more) {
  sum.hash += more.hash;
  sum.rows += more.rows;
  sum.bytes += more.bytes;
  return sum;
}

Status CheckModule(DataDb db, const SnapshotModule& expected, const ArchiveSums::Modules& modules,
                   const RowHasher& hasher) {
  const auto found = modules.find(expected.name);
  const ArchiveModuleSum sum = found == modules.end() ? ArchiveModuleSum() : found->second;
  if (sum.rows == expected.rows && sum.bytes == expected.bytes &&
      hasher.Checksum(sum.hash) == expected.checksum) {
    return OkStatus();
  }
  return Mismatch(
      fmt::format("data DB {}, module {}: {} rows and {} bytes instead of {} and {}, "
                  "or another hash",
                  NameOf(db), expected.name, sum.rows, sum.bytes, expected.rows, expected.bytes));
}

}  // namespace

Status ArchiveSums::Add(const ChunkInfo& info) {
  const std::string name = ChunkName(info.number);
  if (info.state != state_) {
    return ArchiveCorrupt(name, fmt::format("it is of version {} with root {}", info.state.version,
                                            HexEncode(AsBytes(info.state.root))));
  }
  if (info.number != chunks_ + 1) {
    return ArchiveCorrupt(ChunkName(chunks_ + 1), fmt::format("it says that it is {}", name));
  }
  const bool is_same_db = db_ == info.db;
  if ((db_.has_value() && info.db < *db_) || (is_same_db && info.first_key <= last_key_)) {
    return ArchiveCorrupt(name, "its rows are not above those of the chunk before");
  }
  ++chunks_;
  db_ = info.db;
  last_key_ = info.last_key;
  dbs_[IndexOf(info.db)][info.module] += {info.hash, info.rows, info.bytes};
  return OkStatus();
}

Status ArchiveSums::Check(const ArchiveManifest& manifest, const RowHasher& hasher) const {
  LtHash global;
  for (const DataDb db : kAllDataDbs) {
    const SnapshotDb& expected = manifest.dbs[IndexOf(db)];
    ArchiveModuleSum total;
    size_t known = 0;
    for (const SnapshotModule& module : expected.modules) {
      RETURN_IF_ERROR(CheckModule(db, module, dbs_[IndexOf(db)], hasher));
      known += dbs_[IndexOf(db)].count(module.name);
    }
    if (known != dbs_[IndexOf(db)].size()) {
      return Mismatch(
          fmt::format("data DB {} has chunks of modules that it does not name", NameOf(db)));
    }
    for (const auto& [name, module] : dbs_[IndexOf(db)]) {
      total += module;
    }
    if (total.rows != expected.rows || total.bytes != expected.bytes ||
        hasher.Checksum(total.hash) != expected.checksum) {
      return Mismatch(fmt::format("data DB {} as a whole", NameOf(db)));
    }
    global += total.hash;
  }
  const Digest root = hasher.Checksum(global);
  return root == manifest.state.root
             ? OkStatus()
             : Mismatch(fmt::format("the root is {} instead of {}", HexEncode(AsBytes(root)),
                                    HexEncode(AsBytes(manifest.state.root))));
}

}  // namespace flatkv
